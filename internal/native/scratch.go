package native

import "github.com/crossrank/crossrank/internal/kernel"

// blockTokens is how many tokens go through the layers together. Each block reads all weights once: below some hundred
// tokens that reading shows, and above it the activations no longer stay in the caches.
const blockTokens = 256

// chunkRows is how many rows of a block go together through what follows attention: 96 rows of MiniLM's feed-forward are
// 576 KiB, which stay near the core between its two products.
const chunkRows = 96

// scratch is the memory of one forward pass at a time, reused by the next. Workers that share a pass share it. Its size is
// bounded by the longest sequence; only the rows of [CLS] tokens grow, with the most sequences that a pass ever had.
type scratch struct {
	x       []float32 // (rows + 16) × hidden: the block's residual stream
	qkv     []float32 // (rows + 16) × 3·attention
	context []float32 // rows × attention: the heads' outputs

	// One row a sequence: what the last layer and the head compute.
	cls, clsContext []float32
}

// workspace is the memory of one worker alone.
type workspace struct {
	out       []float32 // chunkRows × hidden: a product before it is added to x
	feed      []float32 // chunkRows × intermediate
	attention []float32

	// The last layer's attention, one row a head: queries brought to the tokens, and the means of tokens that they found.
	query       []float32 // attention
	seek, found []float32 // heads × hidden

	quantized *kernel.Quantized
}

// newScratch makes the memory of a pass over sequences of up to maxLength tokens.
func (m *model) newScratch(maxLength int) *scratch {
	rows := max(blockTokens, maxLength)
	return &scratch{
		x:       make([]float32, (rows+kernel.Width)*m.hidden),
		qkv:     make([]float32, (rows+kernel.Width)*3*m.attention),
		context: make([]float32, rows*m.attention),
	}
}

// newWorkspace makes the memory of one worker for sequences of up to maxLength tokens.
func (m *model) newWorkspace(maxLength int) *workspace {
	return &workspace{
		quantized: kernel.NewQuantized(max(m.hidden, m.attention, m.intermediate)),
		out:       make([]float32, chunkRows*m.hidden),
		feed:      make([]float32, chunkRows*m.intermediate),
		attention: make([]float32, max(kernel.AttentionScratch(maxLength, m.heads),
			kernel.AttentionScratch(maxLength, kernel.Heads{Count: 1, Size: m.hidden}))),
		query: make([]float32, m.attention),
		seek:  make([]float32, m.heads.Count*m.hidden),
		found: make([]float32, m.heads.Count*m.hidden),
	}
}

// Reserve makes room for passes of n sequences. Call it before workers start on one.
func (m *model) reserve(s *scratch, n int) {
	if len(s.cls) < n*m.hidden {
		s.cls = make([]float32, n*m.hidden)
		s.clsContext = make([]float32, n*m.attention)
	}
}
