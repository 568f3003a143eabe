// Command rag shows the retrieval of a program that answers questions from documents: a cheap first
// stage finds candidates, a cross-encoder puts the right ones first, and the best become the
// context of a prompt for a language model.
//
//	go run ./examples/rag -documents notes.txt "how tall is K2"
//
// The model is one in this process (-model), or a server's (-server), which is one line's
// difference: both are a crossrank.Scorer. The prompt goes to standard output.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/local"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rag:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("rag", flag.ContinueOnError)
	file := flags.String("documents", "", "file with one document per line")
	model := flags.String("model", "builtin:minilm-l6", "model in this process; the built-in one has random weights")
	server := flags.String("server", "", "server to use in its stead, such as grpc://127.0.0.1:50051")
	candidates := flags.Int("candidates", 50, "documents of the first stage")
	top := flags.Int("top", 3, "documents in the prompt")
	if err := flags.Parse(args); err != nil {
		return err
	}
	question := strings.Join(flags.Args(), " ")
	if question == "" || *file == "" {
		return errors.New(`usage: rag -documents FILE "QUESTION"`)
	}
	documents, err := readLines(*file)
	if err != nil {
		return err
	}
	scorer, closeScorer, err := open(*model, *server)
	if err != nil {
		return err
	}
	defer closeScorer()
	found := firstStage(question, documents, *candidates)
	ranking, _, err := crossrank.Rank(ctx, scorer, question, found, *top)
	if err != nil {
		return err
	}
	return writePrompt(out, question, found, ranking)
}

// open returns a Scorer, and what frees it.
func open(model, server string) (crossrank.Scorer, func() error, error) {
	if server != "" {
		c, err := client.Dial(server, client.Options{Retries: 3})
		if err != nil {
			return nil, nil, err
		}
		return c, c.Close, nil
	}
	m, err := local.Open(model, local.Options{})
	if err != nil {
		return nil, nil, err
	}
	return m, m.Close, nil
}

// firstStage returns the documents that share most words with the question, at most n. A search
// engine or an index of vectors stands here in a real program.
func firstStage(question string, documents []string, n int) []string {
	words := strings.Fields(strings.ToLower(question))
	shared := func(document string) int {
		count := 0
		for _, w := range words {
			if strings.Contains(strings.ToLower(document), w) {
				count++
			}
		}
		return count
	}
	found := slices.Clone(documents)
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(shared(b), shared(a)) })
	return found[:min(n, len(found))]
}

func writePrompt(out io.Writer, question string, documents []string, ranking []crossrank.Ranked) error {
	var prompt strings.Builder
	prompt.WriteString("Answer from these passages, and name those that you used.\n\n")
	for i, r := range ranking {
		fmt.Fprintf(&prompt, "[%d] %s\n", i+1, documents[r.Index])
	}
	fmt.Fprintf(&prompt, "\nQuestion: %s\n", question)
	_, err := io.WriteString(out, prompt.String())
	return err
}

func readLines(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s has no documents; write one per line", name)
	}
	return lines, nil
}
