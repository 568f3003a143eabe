package onnx

import (
	"errors"
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// padding says which sequences may be in one run, and where the shorter ones are padded.
type padding string

const (
	onTheRight padding = ""            // what follows a sequence is padding
	onTheLeft  padding = "left"        // what stands before it is
	sameLength padding = "same length" // there is none: a run has sequences of one length
	alone      padding = "alone"       // a run has one sequence
)

// before is how much padding stands before a sequence in a run of a length.
func (p padding) before(q network.Sequence, length int) int {
	if p == onTheLeft {
		return length - len(q.IDs)
	}
	return 0
}

// allowed reports whether sequences may be padded at all.
func (p padding) allowed() bool { return p == onTheRight || p == onTheLeft }

// division says how batches are divided.
func (m *model) division() division {
	d := division{heads: m.network.Heads, maxTokens: m.maxTokens, padding: m.padding}
	if m.decoder != nil && m.decoder.every.Load() {
		d.logits = m.decoder.width()
	}
	return d
}

// checkPadding refuses padding that a sequence asks for, where none can be computed.
func (m *model) checkPadding(seqs []network.Sequence) error {
	if m.padding.allowed() {
		return nil
	}
	for _, q := range seqs {
		if q.Pad > 0 {
			return errors.New("padding was asked for, but the scores of this ONNX file change with it; turn it off")
		}
	}
	return nil
}

// findPadding finds out how sequences of a stored file are computed together. Files differ in the
// padding that they allow, and do not say it: one of a decoder reads the last row of each sequence
// whatever the mask says, another the last row that is no padding. So a few sequences are computed
// alone, and the padding is the first that gives them the same logits beside each other.
func (e *Engine) findPadding() error {
	m := e.model
	seqs, want := sampleSequences(m.network.Embeddings.Tokens.Rows, m.maxTokens), []float32(nil)
	for _, m.padding = range m.paddings() {
		got := make([]float32, len(seqs))
		err := e.Logits(seqs, got)
		switch {
		case m.padding == alone && err != nil:
			return err
		case m.padding == alone:
			want = got
		case err == nil && m.precision.equal(got, want):
			return nil
		}
	}
	m.padding = alone
	return nil
}

// paddings are those that may be, after alone, which always is. Positions of an encoder are numbered
// in the file, from the first row on.
func (m *model) paddings() []padding {
	if m.decoder == nil {
		return []padding{alone, onTheRight, sameLength}
	}
	return []padding{alone, onTheRight, onTheLeft, sameLength}
}

// sampleSequences are sequences of several lengths, within a vocabulary, that make one run where
// they may be padded. Token 0, which is what they are padded with, is not among their own.
func sampleSequences(vocabulary, maxTokens int) []network.Sequence {
	var seqs []network.Sequence
	id := 1
	for _, n := range []int{8, 8, 7, 5, 4, 2} {
		ids := make([]int32, min(n, maxTokens))
		for i := range ids {
			id = (id*1103515245 + 12345) & math.MaxInt32
			ids[i] = int32(1 + id>>8%max(1, vocabulary-1))
		}
		seqs = append(seqs, network.Sequence{IDs: ids, TypeBoundary: len(ids)})
	}
	return seqs
}

// equal reports whether logits differ by no more than rounding.
func (p Precision) equal(got, want []float32) bool {
	limit := 1e-3
	if p == FP16 {
		limit = 3e-2
	}
	for i := range want {
		if a, b := float64(got[i]), float64(want[i]); !(math.Abs(a-b) <= limit*max(1, math.Abs(b))) {
			return false
		}
	}
	return true
}
