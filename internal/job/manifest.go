package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// Manifest describes a job completely. It is written once and never changes.
type Manifest struct {
	Version int       `json:"version"` // of the form of the manifest
	ID      string    `json:"id"`
	Created time.Time `json:"created"`

	Model  Model    `json:"model"`
	Inputs []Input  `json:"inputs"`
	Query  string   `json:"query"`          // column of the queries
	Text   string   `json:"passage"`        // column of the passages
	Keep   []string `json:"keep,omitempty"` // columns copied from the input
	Format string   `json:"format"`         // of the output, see [rows.Kind]

	RedeliverMS int64   `json:"redeliver_ms"` // how long a worker may be silent
	ShardRows   int     `json:"shard_rows"`   // the most rows of a shard
	Rows        int64   `json:"rows"`
	Shards      []Shard `json:"shards"`
}

// manifestVersion is the form that this program writes. It reads no other: what it does not know
// could change scores.
const manifestVersion = 1

// Model is the model of a job, with all that its scores depend on.
type Model struct {
	Name         string              `json:"name"` // as the library opens it
	Revision     string              `json:"revision,omitempty"`
	Weights      string              `json:"weights"` // their hash
	Quantization string              `json:"quantization"`
	MaxLength    int                 `json:"max_length"`
	ScoreType    crossrank.ScoreType `json:"score_type"`
	Raw          bool                `json:"raw,omitempty"`
	Prompt       string              `json:"prompt,omitempty"`
	Instruction  string              `json:"instruction,omitempty"` // of the requests
}

// Input is an input file.
type Input struct {
	Path    string `json:"path"` // absolute, or of S3
	Size    int64  `json:"size"`
	Version string `json:"version,omitempty"` // of an object
}

// Shard is some rows of an input that follow one another.
type Shard struct {
	Input int       `json:"input"`
	Start rows.Mark `json:"start"`
	First int64     `json:"first"` // index of its first pair in the job
	Rows  int       `json:"rows"`
	Sum   uint32    `json:"sum"` // CRC-32C of its texts
}

// RedeliverAfter is how long a worker may be silent before another takes its shard.
func (m *Manifest) RedeliverAfter() time.Duration {
	return time.Duration(m.RedeliverMS) * time.Millisecond
}

func (m *Manifest) parse(text []byte) error {
	var form struct{ Version int }
	if err := json.Unmarshal(text, &form); err != nil {
		return fmt.Errorf("reading the manifest: %w", err)
	}
	if form.Version != manifestVersion {
		return fmt.Errorf("the manifest has version %d, and this program reads version %d; use the program that submitted the job",
			form.Version, manifestVersion)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return fmt.Errorf("reading the manifest: %w", err)
	}
	return m.check()
}

// check finds what no manifest of this program has.
func (m *Manifest) check() error {
	var next int64
	for i, s := range m.Shards {
		if s.Input < 0 || s.Input >= len(m.Inputs) || s.First != next || s.Rows < 1 {
			return fmt.Errorf("shard %d of the manifest is wrong; was the file edited? submit the job again to another folder", i)
		}
		next += int64(s.Rows)
	}
	if next != m.Rows || m.ID == "" || strings.ContainsAny(m.ID, ".*> /") || m.RedeliverMS < 1 {
		return errors.New("the manifest contradicts itself; was the file edited? submit the job again to another folder")
	}
	return nil
}

// Check compares a model that a worker has opened with the job's. It names all that differs.
func (m *Model) Check(info crossrank.Info) error {
	var differs []string
	for _, f := range []struct{ name, job, worker string }{
		{"revision", m.Revision, info.Revision},
		{"weights", m.Weights, info.Weights},
		{"precision", m.Quantization, info.Quantization},
		{"max length", fmt.Sprint(m.MaxLength), fmt.Sprint(info.MaxLength)},
		{"type of scores", string(m.ScoreType), string(info.ScoreType)},
		{"prompt", m.Prompt, info.Prompt},
	} {
		if f.job != f.worker {
			differs = append(differs, fmt.Sprintf("%s: the job has %q, the worker %q", f.name, f.job, f.worker))
		}
	}
	if differs == nil {
		return nil
	}
	return fmt.Errorf("the model %s is not that of the job, %s, and its scores would not fit the others (%s); give the worker the job's model",
		info.Pinned(), m.Name, strings.Join(differs, "; "))
}

// Describe is the part of a manifest that an opened model decides.
func Describe(name string, info crossrank.Info) Model {
	return Model{
		Name: name, Revision: info.Revision, Weights: info.Weights, Quantization: info.Quantization,
		MaxLength: info.MaxLength, ScoreType: info.ScoreType, Prompt: info.Prompt,
	}
}
