// Command eval prints how well the detector does: on the project's own
// evaluation texts, and on the shared ones where they are present.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/quality"
)

func main() {
	shared := flag.String("shared", "", "a folder with dev/*.jsonl and benign/*.txt.gz, if you have it")
	show := flag.Bool("show", false, "print the harmless messages that would alert")
	write := flag.String("write", "", "a baseline to write the project's own figures to")
	flag.Parse()
	if err := run(*shared, *show, *write); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(shared string, show bool, write string) error {
	lex, err := detect.Load(config.Lexicon())
	if err != nil {
		return err
	}
	d := detect.New(lex)
	figures, err := quality.Measure(quality.Own(), d)
	if err != nil {
		return err
	}
	table(os.Stdout, "The project's own texts", figures)
	if write != "" {
		if err := quality.WriteBaseline(write, figures); err != nil {
			return err
		}
	}
	if shared == "" {
		return nil
	}
	if figures, err = quality.Measure(os.DirFS(filepath.Join(shared, "dev")), d); err != nil {
		return err
	}
	table(os.Stdout, "The shared development texts", figures)
	files, err := filepath.Glob(filepath.Join(shared, "benign", "*.txt.gz"))
	if err != nil {
		return err
	}
	shown := printed
	if !show {
		shown = nil
	}
	figures = nil
	for _, name := range files {
		f, err := quality.HarmlessFile(name, d, shown)
		if err != nil {
			return err
		}
		figures = append(figures, f)
	}
	table(os.Stdout, "Harmless chat", figures)
	return nil
}

// printed shows a harmless message that would alert, and why.
func printed(text string, signals []detect.Signal) {
	fmt.Fprintln(os.Stderr, text)
	for _, s := range signals {
		fmt.Fprintf(os.Stderr, "    %-40s %4.1f  %s\n", s.Rule, s.Weight, text[s.Start:s.End])
	}
}

func table(to io.Writer, title string, figures []quality.Figure) {
	w := bufio.NewWriter(to)
	defer w.Flush()
	fmt.Fprintln(w, title)
	for _, f := range figures {
		fmt.Fprintf(w, "  %-50s %7.3f  of %d\n", f.Name, f.Value, f.Of)
	}
	fmt.Fprintln(w)
}
