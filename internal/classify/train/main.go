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
	texts := flag.String("texts", "", "the folder with *.jsonl, groups.txt and kinds.txt")
	out := flag.String("out", "", "the model's file")
	flag.Parse()
	if err := run(*texts, *out); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(folder, out string) error {
	meanings, err := readMeanings(folder)
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
	m, err := classify.Train(texts, meanings)
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

func readMeanings(folder string) (m classify.Meanings, err error) {
	groups, err := os.Open(filepath.Join(folder, "groups.txt"))
	if err != nil {
		return m, err
	}
	defer groups.Close()
	kinds, err := os.Open(filepath.Join(folder, "kinds.txt"))
	if err != nil {
		return m, err
	}
	defer kinds.Close()
	if m, err = classify.ReadMeanings(groups, kinds); err != nil {
		return m, fmt.Errorf("%s: %w", folder, err)
	}
	return m, nil
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
