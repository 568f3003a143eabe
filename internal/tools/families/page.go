package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	_ "embed"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// part is what this command makes in docs/models.md.
const part = docgen.Part("make families")

// entry is a row of the table before anything is measured.
type entry struct {
	name      string // of the family, as checkpoint has it
	key       string // of the file of its measurement; "": it is not measured
	examples  string
	tokenizer string
}

var entries = []entry{
	{"BERT", "bert", "cross-encoder/ms-marco-MiniLM-L6-v2, -TinyBERT-L2-v2", "WordPiece"},
	{"ELECTRA", "electra", "cross-encoder/ms-marco-electra-base", "WordPiece"},
	{"DistilBERT", "distilbert", "models fine-tuned from distilbert-base", "WordPiece"},
	{"RoBERTa", "roberta", "cross-encoder/stsb-distilroberta-base, quora-roberta-base", "byte-level BPE"},
	{"XLM-RoBERTa", "xlmr", "BAAI/bge-reranker-base, -large, -v2-m3; cross-encoder/mmarco-mMiniLMv2-L12-H384-v1", "Unigram"},
	{"Jina XLM-RoBERTa", "jina", "jinaai/jina-reranker-v2-base-multilingual", "Unigram"},
	{"ModernBERT", "modernbert", "Alibaba-NLP/gte-reranker-modernbert-base, ibm-granite/granite-embedding-reranker-english-r2", "byte-level BPE"},
	{"GTE", "gte", "Alibaba-NLP/gte-multilingual-reranker-base", "Unigram"},
	{"DeBERTa-v2", "deberta", "mixedbread-ai/mxbai-rerank-xsmall-v1, -base-v1, -large-v1", "Unigram"},
	{"Qwen3", "", "Qwen/Qwen3-Reranker-0.6B, -4B, -8B", "byte-level BPE"},
	{"Qwen2", "", "models fine-tuned from Qwen2.5", "byte-level BPE"},
	{"Gemma", "", "BAAI/bge-reranker-v2-gemma", "BPE with bytes"},
	{"NVIDIA Llama", "", "nvidia/llama-nemotron-rerank-1b-v2, llama-3.2-nv-rerankqa-1b-v2", "byte-level BPE"},
	{"Llama", "", "classifiers fine-tuned from Llama 3", "byte-level BPE"},
}

// row is a row of the table.
type row struct {
	entry
	cases      int
	largest    float64 // error in fp32
	fp16, bf16 float64 // likewise
	bf16Dot    float64
	speed      *speed // nil: not measured
}

// speed is a measurement that internal/tools/peers wrote, as far as it is read here.
type speed struct {
	setup       *setup
	ours, peers []float64 // pairs/s by round
}

type setup struct {
	Began     time.Time       `json:"began"`
	Machine   machine.Machine `json:"machine"`
	Tier      string          `json:"tier"`
	Crossrank string          `json:"crossrank"`
	Peer      string          `json:"peer"`
	Shape     string          `json:"shape"`
	Rounds    int             `json:"rounds"`
}

// speedRecord is a line of a file of internal/tools/peers.
type speedRecord struct {
	Setup       *setup `json:"setup"`
	Measurement *struct {
		Engine         string  `json:"engine"`
		Order          string  `json:"order"`
		PairsPerSecond float64 `json:"pairs_per_s"`
	} `json:"measurement"`
}

//go:embed templates/models.md
var source string

var table = template.Must(template.New("").Parse(source))

// page is the part of docs/models.md between the markers, from the results in a folder.
func page(folder string) (string, error) {
	records, err := docgen.ReadRecords[record](filepath.Join(folder, errorsFile))
	if err != nil {
		return "", err
	}
	rows, err := rowsOf(records)
	if err != nil {
		return "", err
	}
	for i := range rows {
		if rows[i].speed, err = readSpeed(filepath.Join(folder, rows[i].key+".jsonl")); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	err = table.Execute(&b, struct {
		Rows []row
		Runs []*setup
	}{rows, runsOf(rows)})
	return b.String(), err
}

// rowsOf gathers the errors of each family that has fixtures.
func rowsOf(records []record) ([]row, error) {
	var rows []row
	for _, e := range entries {
		rows = append(rows, row{entry: e})
	}
	for _, r := range records {
		i := slices.IndexFunc(rows, func(row row) bool { return row.name == r.Family })
		if i < 0 {
			return nil, fmt.Errorf("the fixture %s is of the family %s, which the table lacks; add it to entries in page.go", r.Fixture, r.Family)
		}
		rows[i].cases += r.Cases
		rows[i].largest = max(rows[i].largest, r.Largest)
		rows[i].fp16, rows[i].bf16 = max(rows[i].fp16, r.FP16), max(rows[i].bf16, r.BF16)
		rows[i].bf16Dot = max(rows[i].bf16Dot, r.BF16Dot)
	}
	return slices.DeleteFunc(rows, func(r row) bool { return r.cases == 0 }), nil
}

// readSpeed reads a measurement; nil if there is none.
func readSpeed(file string) (*speed, error) {
	records, err := docgen.ReadRecords[speedRecord](file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || records[0].Setup == nil {
		return nil, fmt.Errorf("%s: its first line does not say how it was measured", file)
	}
	s := &speed{setup: records[0].Setup}
	for _, r := range records {
		switch m := r.Measurement; {
		case m == nil || m.Order != "as-is":
		case m.Engine == "crossrank":
			s.ours = append(s.ours, m.PairsPerSecond)
		default:
			s.peers = append(s.peers, m.PairsPerSecond)
		}
	}
	if len(s.ours) == 0 || len(s.ours) != len(s.peers) {
		return nil, fmt.Errorf("%s: it has %d rounds of crossrank and %d of the peer", file, len(s.ours), len(s.peers))
	}
	return s, nil
}

// runsOf are the measurements behind a table.
func runsOf(rows []row) (list []*setup) {
	for _, r := range rows {
		if r.speed != nil {
			list = append(list, r.speed.setup)
		}
	}
	return list
}

func (r row) Name() string      { return r.name }
func (r row) Examples() string  { return r.examples }
func (r row) Tokenizer() string { return r.tokenizer }

// Largest is the largest error, and of how many cases.
func (r row) FP16() string { return fmt.Sprintf("%.1e", r.fp16) }
func (r row) BF16() string { return fmt.Sprintf("%.1e", r.bf16) }

func (r row) BF16Dot() string { return fmt.Sprintf("%.1e", r.bf16Dot) }

func (r row) Largest() string {
	return fmt.Sprintf("%.1e of %d", r.largest, r.cases)
}

func (r row) Shape() string {
	if r.speed == nil {
		return "n/a"
	}
	return r.speed.setup.Shape
}

func (r row) Ours() string {
	return r.number(func(s *speed) float64 { return stats.Median(s.ours) }, "%.1f")
}
func (r row) Peers() string {
	return r.number(func(s *speed) float64 { return stats.Median(s.peers) }, "%.1f")
}

// Ratio is the median over the rounds of ours over the peer's in the same round, with the lowest
// and the highest.
func (r row) Ratio() string {
	if r.speed == nil {
		return "n/a"
	}
	list := r.speed.ratios()
	return fmt.Sprintf("%.1f (%.1f to %.1f)", stats.Median(list), slices.Min(list), slices.Max(list))
}

func (s *speed) ratios() (list []float64) {
	for i := range s.ours {
		list = append(list, s.ours[i]/s.peers[i])
	}
	return list
}

func (r row) number(of func(*speed) float64, format string) string {
	if r.speed == nil {
		return "n/a"
	}
	return fmt.Sprintf(format, of(r.speed))
}
