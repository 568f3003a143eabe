package webgpu

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// TestLinearIsPadded: heads are padded each by itself, layers of one input stand one after another,
// and a missing bias is zeros beside one that is there.
func TestLinearIsPadded(t *testing.T) {
	one := &network.Linear{In: 2, Out: 2, Weight: []float32{1, 2, 3, 4}, Bias: []float32{5, 6}}
	two := &network.Linear{In: 2, Out: 1, Weight: []float32{7, 8}}
	w, b := (&packer{}).linear("a layer", groups{1, 2}, groups{2, 1}, one, two)
	row := func(x, y float32) []float32 { return []float32{x, y, 0, 0} }
	none := row(0, 0)
	want := slices.Concat(row(1, 2), none, none, none, row(3, 4), none, none, none, row(7, 8), none, none, none)
	if got := bytesOf(want); !slices.Equal(w.data, got) {
		t.Errorf("got the weights %v, want %v", w.data, got)
	}
	if got := bytesOf([]float32{5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0}); !slices.Equal(b.data, got) {
		t.Errorf("got the biases %v, want %v", b.data, got)
	}
}

// TestTooLargeForHalf: a number that has no 16-bit counterpart is refused by the tensor's role.
func TestTooLargeForHalf(t *testing.T) {
	p := &packer{f16: true}
	p.stored("blocks[1].up.weight", []float32{1, -70000})
	if p.err == nil || !strings.Contains(p.err.Error(), "blocks[1].up.weight has the value -70000") {
		t.Errorf("got %v", p.err)
	}
	p = &packer{f16: true}
	if got := p.stored("small", []float32{1, -2, 65504}); p.err != nil || !slices.Equal(got.data, bytesOf([]uint16{0x3c00, 0xc000, 0x7bff, 0})) {
		t.Errorf("got %v, %v", got.data, p.err)
	}
}
