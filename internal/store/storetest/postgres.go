package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/xid"
)

// PostgresEnv names a server to use in the place of one of our own: the URL of
// a user that may create databases.
const PostgresEnv = "WAYMARK_TEST_POSTGRES"

var errAbsent = errors.New("PostgreSQL is not installed here: there is no initdb in PATH or /usr/lib/postgresql/*/bin, and " +
	PostgresEnv + " names no server")

// cluster starts the one server of this test binary. It is the package's only
// state: a server for each test would cost a second each.
var cluster = sync.OnceValues(startCluster)

// server is a PostgreSQL that runs as long as its leash is not closed.
type server struct {
	url   string
	leash io.Closer // kept, or the garbage collector would close it; nil for a server that is not ours
}

// Postgres gives the URL of a new, empty database on a real server, which is
// dropped at the end of the test. Where PostgreSQL is not installed, the test
// is skipped and says so.
func Postgres(t testing.TB) (address string) {
	t.Helper()
	s, err := cluster()
	if errors.Is(err, errAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name := "waymark_" + xid.New().String()
	admin(t, s.url, `CREATE DATABASE `+name)
	t.Cleanup(func() { admin(t, s.url, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal("the address of the test server cannot be read")
	}
	u.Path = "/" + name
	return u.String()
}

func admin(t testing.TB, address, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatalf("connect to the test server: %v", err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// The shell watches over the server: it holds the other end of a pipe that
// ends with the test process, however that ends, even by kill -9. Then it
// stops the server and removes its files. Durability stays as PostgreSQL ships
// it, so that what is measured is what people will get.
const watchman = `
set -e
trap 'rm -rf "$1"' EXIT
"$2/initdb" -D "$1/data" -U waymark -A trust -E UTF8 --no-locale --no-instructions >"$1/log" 2>&1 || { tail -n 5 "$1/log"; exit 1; }
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=200 >>"$1/log" 2>&1 &
server=$!
echo started
cat >/dev/null
kill -INT $server
wait $server
`

func startCluster() (s server, err error) {
	if s.url = os.Getenv(PostgresEnv); s.url != "" {
		return s, nil
	}
	bin, err := findPrograms()
	if err != nil {
		return server{}, err
	}
	dir, err := os.MkdirTemp(shortTemp(), "waymark-pg-")
	if err != nil {
		return server{}, err
	}
	cmd := exec.Command("sh", "-c", watchman, "sh", dir, bin)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt at the terminal is for the tests
	if os.Getuid() == 0 {
		if cmd.SysProcAttr.Credential, err = unprivileged(dir); err != nil {
			return server{}, errors.Join(err, os.RemoveAll(dir))
		}
	}
	if s.leash, err = cmd.StdinPipe(); err != nil {
		return server{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return server{}, err
	}
	if err := cmd.Start(); err != nil {
		return server{}, errors.Join(err, os.RemoveAll(dir))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "started\n" {
		return server{}, fmt.Errorf("%s (%w)", strings.TrimSpace(line), errors.Join(err, cmd.Wait()))
	}
	s.url = (&url.URL{Scheme: "postgres", User: url.User("waymark"), Path: "/postgres",
		RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	return s, awaitServer(s.url)
}

// awaitServer asks until the server answers: it says itself only to its log
// when it is ready.
func awaitServer(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, address)
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

// shortTemp is where the server's socket fits: its path may have 107 bytes.
func shortTemp() string {
	if dir := os.TempDir(); len(dir) < 50 {
		return dir
	}
	return "/tmp"
}

// findPrograms gives the folder of initdb and postgres, of the newest version
// where several are installed.
func findPrograms() (dir string, err error) {
	var found []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		found = append(found, filepath.Dir(initdb))
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(installed, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range append(found, installed...) {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errAbsent
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// unprivileged gives the folder to a user that PostgreSQL agrees to run as,
// which root is not.
func unprivileged(dir string) (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: %w", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
