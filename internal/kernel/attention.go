package kernel

// queryBlock is how many queries' scores are held at once: with 80 keys they fit the first-level
// cache, with 512 the second.
const queryBlock = 48

// Heads says where the heads of one sequence lie: head h is Width-padded columns [h·Size,
// (h+1)·Size) of q, k, v and out.
type Heads struct {
	Count int
	Size  int     // padded to a multiple of Width, the padding zero
	Scale float32 // 1/√d with the unpadded head size d
}

// AttentionScratch is how many elements of scratch memory [Set.Attention] needs for up to n keys.
func AttentionScratch(n int, h Heads) int { return 2*Pad(n)*h.Size + queryBlock*Pad(n) }

// Attention computes out = softmax(Scale·Q·Kᵀ)·V for every head of one sequence: scaled dot-product
// attention (Vaswani et al. 2017) of queries rows over keys rows, without a mask since there is no
// padding.
//
// q and out have queries rows with strides ldq and ldout, k and v have keys rows with stride ldkv;
// k's memory reaches to Pad(keys) rows, whose contents do not matter. scratch has
// [AttentionScratch](keys, h) elements.
func (s *Set) Attention(out []float32, ldout int, q []float32, ldq int, k, v []float32, ldkv int,
	queries, keys int, h Heads, scratch []float32) {
	padded := Pad(keys)
	width := h.Count * h.Size
	_, _ = out[(queries-1)*ldout+width-1], q[(queries-1)*ldq+width-1]
	_, _ = k[(padded-1)*ldkv+width-1], v[(keys-1)*ldkv+width-1]
	keyPanels, scratch := scratch[:padded*h.Size], scratch[padded*h.Size:]
	valuePanels, scores := scratch[:padded*h.Size], scratch[padded*h.Size:]
	_ = scores[min(queries, queryBlock)*padded-1]
	for head := range h.Count {
		col := head * h.Size
		for i := 0; i < padded; i += Width {
			s.packRows(&keyPanels[i*h.Size], &k[i*ldkv+col], ldkv, h.Size)
		}
		packColumns(valuePanels, v[col:], ldkv, keys, h.Size)
		for low := 0; low < queries; low += queryBlock {
			rows := min(queryBlock, queries-low)
			for i := 0; i < padded; i += Width {
				panel := &keyPanels[i*h.Size]
				s.column(&scores[i], padded, &q[low*ldq+col], ldq, rows, h.Size, panel, panel, &zeros[0], 0)
			}
			s.Softmax(scores, rows, padded, keys, h.Scale)
			for j := 0; j < h.Size; j += Width {
				panel := &valuePanels[j*keys]
				s.column(&out[low*ldout+col+j], ldout, &scores[0], padded, rows, keys, panel, panel, &zeros[0], 0)
			}
		}
	}
}

var zeros [Width]float32

// packColumns copies rows × columns of src into panels of rows × 16: side by side in the panel what
// is ld apart in src, where equal sets of the cache would be hit again and again.
func packColumns(dst, src []float32, ld, rows, columns int) {
	for j := 0; j < columns; j += Width {
		panel := dst[j*rows : (j+Width)*rows]
		for r := range rows {
			*(*[Width]float32)(panel[r*Width:]) = *(*[Width]float32)(src[r*ld+j:])
		}
	}
}
