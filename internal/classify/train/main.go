// Command train makes a model of the learned reader from the texts that were
// written for it. The same texts give the same file.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/classify"
	"github.com/waymark-bot/waymark/internal/detect"
)

func main() {
	texts := flag.String("texts", "", "the folder with *.jsonl and groups.txt")
	out := flag.String("out", "", "the model's file")
	flag.Parse()
	if err := run(*texts, *out); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(folder, out string) error {
	groups, err := readGroups(filepath.Join(folder, "groups.txt"))
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var texts []classify.Text
	cutter := detect.NewCutter()
	for _, f := range files {
		if texts, err = readTexts(texts, f, cutter); err != nil {
			return err
		}
	}
	m, err := classify.Train(texts, groups)
	if err != nil {
		return err
	}
	to, err := os.Create(out)
	if err != nil {
		return err
	}
	n, err := m.WriteTo(to)
	if err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	fmt.Printf("%d texts, %d labels, %d bytes\n", len(texts), len(m.Labels()), n)
	return to.Close()
}

func readGroups(name string) (classify.Groups, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	groups, err := classify.ReadGroups(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return groups, nil
}

func readTexts(to []classify.Text, name string, cutter *detect.Cutter) ([]classify.Text, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for line := 1; sc.Scan(); line++ {
		if strings.TrimSpace(sc.Text()) == "" {
			continue
		}
		var row struct {
			Text     string   `json:"text"`
			Labels   []string `json:"labels"`
			Severity string   `json:"severity"`
		}
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		severity, err := detect.ParseSeverity(row.Severity)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		to = append(to, classify.Text{Words: cutter.Words(row.Text), Labels: row.Labels, Worrying: severity >= detect.Medium})
	}
	return to, sc.Err()
}
