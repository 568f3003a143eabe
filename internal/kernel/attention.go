package kernel

// queryBlock is how many queries' scores are held at once: with 80 keys they fit the first-level
// cache, with 512 the second.
const queryBlock = 48

// Heads says where the heads of one sequence lie: head h is Width-padded columns [h·Size,
// (h+1)·Size) of q, k, v and out.
type Heads struct {
	Count int     // query heads
	KV    int     // key and value heads, which divides Count; 0: as many as query heads
	Size  int     // padded to a multiple of Width, the padding zero
	Scale float32 // 1/√d with the unpadded head size d
}

// group is how many query heads in a row read the same keys and values.
func (h Heads) group() int {
	if h.KV == 0 {
		return 1
	}
	return h.Count / h.KV
}

// AttentionScratch is how many elements of scratch memory [Set.Attention] and
// [Set.AttentionWindow] need for up to n keys: the panels of one head's keys and values, and the
// scores of a block of queries.
func AttentionScratch(n int, h Heads) int { return 2*Pad(n)*h.Size + queryBlock*(Pad(n)+Width) }

// Attention computes out = softmax(Scale·Q·Kᵀ)·V for every head of one sequence: scaled dot-product
// attention (Vaswani et al. 2017) of queries rows over keys rows, without a mask since there is no
// padding.
//
// q and out have queries rows with strides ldq and ldout, k and v have keys rows with stride ldkv;
// k's memory reaches to Pad(keys) rows, whose contents do not matter. scratch has
// [AttentionScratch](keys, h) elements.
//
// Scores are computed for a block of queries at a time, so memory grows with the keys, never with
// their square.
func (s *Set) Attention(out []float32, ldout int, q []float32, ldq int, k, v []float32, ldkv int,
	queries, keys int, h Heads, scratch []float32) {
	s.AttentionRelative(out, ldout, q, ldq, k, v, ldkv, queries, 0, keys, h, nil, scratch)
}

// packKeys packs rows of a head's keys into panels of Width rows.
func (s *Set) packKeys(panels, k []float32, ld, rows, size int) {
	for i := 0; i < rows; i += Width {
		s.packRows(&panels[i*size], &k[i*ld], ld, size)
	}
}

// scores computes the products of rows of queries with the keys in panels.
func (s *Set) scores(scores []float32, ld int, q []float32, ldq, rows int, panels []float32, keys, size int) {
	s.columns(scores, ld, q, ldq, rows, size, panels, size*Width, keys, false)
}

// weigh computes the sum of values from low to high, weighted by rows of scores, whose first
// column belongs to value low. Each panel has all keys' values. The sum is one chain in the order
// of the keys: it is cut so that the part of a panel that is in use stays in the first-level cache,
// and goes on from what out holds.
func (s *Set) weigh(out []float32, ldout int, scores []float32, ld, rows int, panels []float32, keys, low, high, size int) {
	for from := low; from < high; from += depthBlock {
		depth := min(depthBlock, high-from)
		s.columns(out, ldout, scores[from-low:], ld, rows, depth, panels[from*Width:], keys*Width, size, from > low)
	}
}

// packColumns copies rows × columns of src into panels of rows × 16: side by side in the panel what
// is ld apart in src, where equal sets of the cache would be hit again and again.
func packColumns(dst, src []float32, ld, rows, columns int) {
	packColumnsAt(dst, src, ld, 0, rows, rows, columns)
}
