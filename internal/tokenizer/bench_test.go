package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
)

// benchText is prose in the length of a usual passage, with the numbers, names and marks that such
// text has.
const benchText = `Tokenizers cut words into pieces that a model knows by number. Most words of a text are frequent ones and
come out whole; rarer words, such as "antidisestablishmentarianism" or the name of a small town in Wales, fall into
several pieces. In 1,024 passages of about 80 words each there are roughly 82,000 words (give or take 3.5%), and every one
of them must be looked up - so a tokenizer that is slow wastes a core that the model could have used.`

const benchAccented = `Über den Wolken muß die Freiheit wohl grenzenlos sein, sagte der Café-Besitzer in Zürich: “naïve
Résumés” kosten 5 € – 漢字 und かな sind ihm gleich. Привет, мир! Ελληνικά και σοφία… Ça va très bien, señor Ñandú, und
Łódź liegt nicht am Ærø; 😀 steht für sich.`

// BenchmarkPair tokenizes with the program's own vocabulary, on prose and on text that is not
// plain ASCII, and the test data's pairs with BERT's vocabulary where they are there.
func BenchmarkPair(b *testing.B) {
	builtin := newTokenizer(b, readLines(b, filepath.Join("..", "checkpoint", "builtin_vocab.txt")), Options{})
	b.Run("text=prose", func(b *testing.B) { benchmarkPairs(b, builtin, []string{"what is a tokenizer", benchText}) })
	b.Run("text=accented", func(b *testing.B) { benchmarkPairs(b, builtin, []string{"Freiheit über", benchAccented}) })
	b.Run("text=msmarco", func(b *testing.B) {
		bert := newTokenizer(b, readLines(b, material.Path(b, "vocab", "vocab.txt")), Options{})
		benchmarkPairs(b, bert, material.Texts(b))
	})
}

// benchmarkPairs tokenizes one pair after another, each a query and a passage in texts.
func benchmarkPairs(b *testing.B, tok *Tokenizer, texts []string) {
	bytes := 0
	for _, text := range texts {
		bytes += len(text)
	}
	pairs := len(texts) / 2
	b.SetBytes(int64(bytes / pairs))
	b.ReportAllocs()
	var ids []int32
	tokens, i := 0, 0
	for b.Loop() {
		ids, _, _ = tok.Pair(ids[:0], texts[2*i], texts[2*i+1], 512, KeepStart)
		tokens += len(ids)
		if i++; i == pairs {
			i = 0
		}
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}

func BenchmarkNew(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("..", "checkpoint", "builtin_vocab.txt"))
	if err != nil {
		b.Fatal(err)
	}
	vocab := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for b.Loop() {
		tok := newTokenizer(b, vocab, Options{})
		b.ReportMetric(float64(len(tok.encoder.(*bert).trie.nodes)), "nodes")
	}
}
