package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// wakeChannel is the NOTIFY channel of commits that enqueued rows.
const wakeChannel = "waymark_ledger"

// postgresConns is how many connections one replica keeps at most.
const postgresConns = 12

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func (db *DB) openPostgres(address string) error {
	db.dialect = postgresDialect()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The parser's own words may repeat what it could not read.
		return errors.New("the address of the PostgreSQL database cannot be read: " +
			"write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password as %XX")
	}
	db.name = describe(config)
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "waymark"
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(limitWaiting))
	pool.SetMaxOpenConns(postgresConns)
	pool.SetMaxIdleConns(postgresConns / 2)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db.write, db.read = pool, pool
	db.closers = append(db.closers, pool.Close)
	db.listen = func(ctx context.Context, woken func()) error { return listen(ctx, config, woken) }
	return nil
}

// limitWaiting keeps a stuck replica from stopping the others: nobody waits
// longer for a lock than for SQLite's file, and a transaction that its program
// forgot is ended by the server.
func limitWaiting(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'`)
	return err
}

// describe names the database without user and password.
func describe(c *pgx.ConnConfig) string {
	host := c.Host
	if !strings.HasPrefix(host, "/") {
		host = fmt.Sprintf("%s:%d", host, c.Port)
	}
	return fmt.Sprintf("PostgreSQL database %s at %s", url.PathEscape(c.Database), host)
}

func listen(ctx context.Context, config *pgx.ConnConfig, woken func()) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // the connection may be dead already
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+wakeChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	woken() // what was committed while nobody listened
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("wait for a notification: %w", err)
		}
		woken()
	}
}
