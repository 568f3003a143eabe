package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// family is a family of models that is measured with a random model of a real one's shape.
type family struct {
	shape     string   // of the model that make_family.py makes
	tokenizer []string // below the folder of material
}

var (
	bertVocabulary = []string{"vocab", "tokenizer.json"}
	xlmrVocabulary = []string{"tokenizers", "xlm-roberta.json"}
)

// families are those that make_family.py makes.
var families = map[string]family{
	"bert":       {"6 × 384 (MiniLM-L6)", bertVocabulary},
	"distilbert": {"6 × 768", bertVocabulary},
	"electra":    {"12 × 256", bertVocabulary},
	"roberta":    {"6 × 768 (distilroberta)", []string{"tokenizers", "roberta.json"}},
	"xlmr":       {"12 × 384 (mMiniLMv2)", xlmrVocabulary},
	"jina":       {"12 × 768", xlmrVocabulary},
	"gte":        {"12 × 768", xlmrVocabulary},
	"modernbert": {"10 × 384", []string{"tokenizers", "modernbert.json"}},
	"deberta":    {"12 × 384 (xsmall)", []string{"tokenizers", "deberta-v3.json"}},
}

func (o options) defaultResults() string {
	if o.family == "" {
		return filepath.Join("docs", "peers.jsonl")
	}
	return filepath.Join("docs", "families", o.family+".jsonl")
}

// precisions are those that are measured: of a family, only fp32.
func (o options) precisions() []string {
	if o.family == "" {
		return precisions
	}
	return precisions[:1]
}

// jobs are what each round measures of both engines. A family is measured with one thread, which
// other work on the machine disturbs least.
func (o options) jobs() []job {
	if o.family == "" {
		return jobs()
	}
	return []job{{"fp32", 1, 32, "as-is"}}
}

// makeFamily writes the random model of a family in both forms, unless it is there.
func makeFamily(ctx context.Context, o options, build string, log io.Writer) (w workshop, err error) {
	f := families[o.family]
	w.tokenizer = filepath.Join(append([]string{o.material}, f.tokenizer...)...)
	w.model = filepath.Join(build, "families", o.family)
	if err := os.MkdirAll(w.model, 0o777); err != nil {
		return w, err
	}
	if !exists(filepath.Join(w.model, "model.onnx")) {
		script := filepath.Join("internal", "tools", "peers", "make_family.py")
		if err := command(ctx, log, "", o.python, script, o.family, w.model); err != nil {
			return w, fmt.Errorf("making the model, which takes torch and onnx: %w", err)
		}
	}
	return w, copyFile(filepath.Join(w.model, "tokenizer.json"), w.tokenizer)
}
