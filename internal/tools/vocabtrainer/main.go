// Command vocabtrainer learns a WordPiece vocabulary from text, and writes it in the vocab.txt
// format of BERT: one piece a line, the line's number (from 0) is the piece's id.
//
// The built-in model needs a vocabulary that may be shipped with the program. This tool makes it
// from the counts of words in document collections; the documents themselves stay where they are.
// The same texts always give the same file.
//
// The pieces are learnt as in byte-pair encoding: every word starts as single characters, and the
// two neighbouring pieces that stand together most often are joined, again and again, until the
// vocabulary is full or nothing frequent is left to join. A word's first piece is written plainly,
// the later ones with "##" in front. main reads the collections and writes the file, words.go
// splits and counts, and train.go joins.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/crossrank/crossrank/internal/outfile"
)

const usage = `usage: vocabtrainer [flags] DIR...

Learns a lower-cased WordPiece vocabulary from every docs.jsonl (fields "title" and "text") and queries.tsv (an id, a
tab, the text) below the given folders.

  go run ./internal/tools/vocabtrainer -o internal/checkpoint/builtin_vocab.txt ../shared/material/collections

Flags:
`

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "vocabtrainer:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("vocabtrainer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	out := flags.String("o", "", "write the vocabulary to this `file` instead of standard output")
	var opts Options
	flags.IntVar(&opts.Size, "size", defaultSize, "the most pieces that the vocabulary may have")
	flags.IntVar(&opts.MinCount, "min", 2, "join two pieces only if they stand together at least this often")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return errors.New("no folder to learn from was given")
	}

	words := make(Words)
	for _, dir := range flags.Args() {
		if err := readCollections(dir, words); err != nil {
			return fmt.Errorf("reading %s: %w", dir, err)
		}
	}
	if len(words) == 0 {
		return fmt.Errorf("no text below %s: want files named docs.jsonl or queries.tsv", strings.Join(flags.Args(), ", "))
	}
	vocab, err := Train(words, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d pieces from %d words, %.3f pieces a word\n", len(vocab.Pieces), len(words), vocab.PerWord)

	text := strings.Join(vocab.Pieces, "\n") + "\n"
	return outfile.WriteOr(stdout, *out, []byte(text))
}

// readCollections adds the words of every collection file below dir.
func readCollections(dir string, words Words) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var text func(line []byte) (string, error)
		switch entry.Name() {
		case "docs.jsonl":
			text = documentText
		case "queries.tsv":
			text = queryText
		default:
			return nil
		}
		return readLines(path, func(line []byte) error {
			s, err := text(line)
			if err != nil {
				return err
			}
			words.Add(s)
			return nil
		})
	})
}

func readLines(path string, each func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 64<<20)
	n := 0
	for scanner.Scan() {
		n++
		if err := each(scanner.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", path, n+1, err)
	}
	return nil
}

func documentText(line []byte) (string, error) {
	var doc struct{ Title, Text string }
	err := json.Unmarshal(line, &doc)
	return doc.Title + "\n" + doc.Text, err
}

func queryText(line []byte) (string, error) {
	_, text, ok := strings.Cut(string(line), "\t")
	if !ok {
		return "", errors.New("no tab between the query's id and its text")
	}
	return text, nil
}
