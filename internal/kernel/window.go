package kernel

// AttentionWindow is [Set.Attention] where a query at position i sees only the keys at positions i
// - window to i + window. The queries are at the positions from first on, and key j is at position
// j. Queries beyond the last key, which padding has, see what a query at the last key sees.
//
// Only keys in reach are packed and multiplied, so the work grows with the window. A query's bits
// depend on its own keys alone: its softmax runs over exactly these, and every other weight is
// zero, which changes no sum. (Zero times an infinity is NaN: a broken row can spoil its
// neighbours.)
//
// k and v have keys rows. scratch has [AttentionScratch](n, h) elements, where n is
// [WindowKeys](queries, keys, window).
func (s *Set) AttentionWindow(out []float32, ldout int, q []float32, ldq int, k, v []float32, ldkv int,
	queries, first, keys, window int, h Heads, scratch []float32) {
	start := max(0, min(first, keys-1)-window)
	k, v = k[start*ldkv:], v[start*ldkv:]
	last := keys - 1 - start // the position of the last key of all
	first, keys = first-start, min(keys, first+queries+window)-start
	padded := Pad(keys)
	width, group := h.Count*h.Size, h.group()
	_, _ = out[(queries-1)*ldout+width-1], q[(queries-1)*ldq+width-1]
	_ = v[(keys-1)*ldkv+width/group-1]
	keyPanels, scratch := scratch[:padded*h.Size], scratch[padded*h.Size:]
	valuePanels, scores := scratch[:padded*h.Size], scratch[padded*h.Size:]
	for head := range h.Count {
		col, kvCol := head*h.Size, head/group*h.Size
		if head%group == 0 {
			s.packTail(keyPanels, k[kvCol:], ldkv, keys, h.Size)
			packColumns(valuePanels, v[kvCol:], ldkv, keys, h.Size)
		}
		for low := 0; low < queries; low += queryBlock {
			rows := min(queryBlock, queries-low)
			from := max(0, min(first+low, last)-window) &^ (Width - 1)
			to := min(keys, first+low+rows+window)
			ld := Pad(to-from) + Width
			s.scores(scores, ld, q[low*ldq+col:], ldq, rows, keyPanels[from*h.Size:], to-from, h.Size)
			for r := range rows {
				position := min(first+low+r, last)
				low, high := max(from, position-window), min(to, position+window+1)
				s.softmaxWithin(scores[r*ld:(r+1)*ld], low-from, high-from, h.Scale)
			}
			s.weigh(out[low*ldout+col:], ldout, scores, ld, rows, valuePanels, keys, from, to, h.Size)
		}
	}
}

// WindowKeys bounds how many of keys are in reach of so many queries in a row.
func WindowKeys(queries, keys, window int) int { return min(keys, queries+2*window) }

// packTail is packKeys for a number of rows that need be no multiple of Width. Where the last
// panel's other rows lie beyond k's memory, it takes the last row for each of them.
func (s *Set) packTail(panels, k []float32, ld, rows, size int) {
	whole := rows &^ (Width - 1)
	s.packKeys(panels, k, ld, whole, size)
	if whole == rows {
		return
	}
	panel := panels[whole*size : (whole+Width)*size]
	clear(panel)
	for r := whole; r < rows; r++ {
		for i, v := range k[r*ld : r*ld+size] {
			panel[i*Width+r-whole] = v
		}
	}
}

// softmaxWithin replaces elements low to high of a row by their softmax, and the others by zero.
// The row reaches at least Width elements beyond high.
func (s *Set) softmaxWithin(row []float32, low, high int, scale float32) {
	n := high - low
	clear(row[:low])
	s.Softmax(row[low:], 1, 0, n, scale)
	clear(row[low+Pad(n):])
}
