// Command peers compares the detector with what others use to find phrases: in
// time, on the same messages and the same phrases in one run (bench), and in
// what is found and what is found in vain (chart). It is a module of its own,
// so that the peers stay out of the program; see README.md for their licences.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say bench or chart")
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	switch args[0] {
	case "bench":
		rounds := f.Int("rounds", 40, "how often each message is read")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return bench(os.Stdout, *rounds)
	case "chart":
		benign := f.String("benign", "", "a folder with *.txt.gz, a harmless message a line; else the project's own harmless texts")
		texts := f.String("texts", "../../quality/texts/en/messages.jsonl", "the worrying messages")
		out := f.String("o", "recall.svg", "the picture to write")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return chart(*out, *texts, *benign)
	}
	return fmt.Errorf("%q is neither bench nor chart", args[0])
}
