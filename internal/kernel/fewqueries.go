package kernel

// FewScratch is how many elements of scratch memory [Set.AttentionFew] needs for so many queries
// and up to n keys.
func FewScratch(queries, n, size int) int {
	return min(Pad(n), depthBlock)*size + queries*Pad(n)
}

// AttentionFew is [Set.Attention] for one wide head and few queries. It packs a block of keys or
// values at a time, so its memory hardly grows with their number. The results have the same bits.
func (s *Set) AttentionFew(out []float32, ldout int, q []float32, ldq int, k, v []float32, ldkv int,
	queries, keys, size int, scale float32, scratch []float32) {
	padded := Pad(keys)
	_, _ = out[(queries-1)*ldout+size-1], q[(queries-1)*ldq+size-1]
	_, _ = k[(padded-1)*ldkv+size-1], v[(keys-1)*ldkv+size-1]
	block := min(padded, depthBlock)
	panels, scores := scratch[:block*size], scratch[block*size:]
	_ = scores[queries*padded-1]
	for from := 0; from < padded; from += block {
		rows := min(block, padded-from)
		s.packKeys(panels, k[from*ldkv:], ldkv, rows, size)
		s.scores(scores[from:], padded, q, ldq, queries, panels, rows, size)
	}
	s.Softmax(scores, queries, padded, keys, scale)
	for from := 0; from < keys; from += block {
		depth := min(block, keys-from)
		packColumns(panels, v[from*ldkv:], ldkv, depth, size)
		s.columns(out, ldout, scores[from:], padded, queries, depth, panels, depth*Width, size, from > 0)
	}
}
