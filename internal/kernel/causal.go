package kernel

// KeyValues are keys and values of some tokens in a row, of all heads side by side: Rows rows that
// are LD elements apart.
type KeyValues struct {
	K, V []float32
	LD   int
	Rows int
}

// AttentionCausal is [Set.Attention] where a query at position i sees the keys at positions 0 to i.
// The queries are at the positions from first on. The keys are those of all parts, in their order,
// so that a part may belong to several sequences. Queries beyond the last key, which padding has,
// see all keys.
//
// A query's bits depend on its own keys alone, and not on how they are parted: its softmax runs
// over exactly these, and every other weight is zero, which changes no sum. (Zero times an infinity
// is NaN: a broken row can spoil its neighbours.)
//
// scratch has [AttentionScratch](keys, h) elements.
func (s *Set) AttentionCausal(out []float32, ldout int, q []float32, ldq int, parts []KeyValues,
	queries, first int, h Heads, scratch []float32) {
	keys := 0
	for i := range parts {
		keys += parts[i].Rows
	}
	last := keys - 1
	keys = min(keys, first+queries) // no query sees the others
	padded := Pad(keys)
	width, group := h.Count*h.Size, h.group()
	_, _ = out[(queries-1)*ldout+width-1], q[(queries-1)*ldq+width-1]
	keyPanels, scratch := scratch[:padded*h.Size], scratch[padded*h.Size:]
	valuePanels, scores := scratch[:padded*h.Size], scratch[padded*h.Size:]
	for head := range h.Count {
		col := head * h.Size
		if head%group == 0 {
			s.packParts(keyPanels, valuePanels, parts, head/group*h.Size, keys, h.Size)
		}
		for low := 0; low < queries; low += queryBlock {
			rows := min(queryBlock, queries-low)
			seen := min(keys, first+low+rows)
			ld := Pad(seen) + Width
			s.scores(scores, ld, q[low*ldq+col:], ldq, rows, keyPanels, seen, h.Size)
			for r := range rows {
				s.softmaxWithin(scores[r*ld:(r+1)*ld], 0, min(first+low+r, last)+1, h.Scale)
			}
			s.weigh(out[low*ldout+col:], ldout, scores, ld, rows, valuePanels, keys, 0, seen, h.Size)
		}
	}
}

// packParts packs the first rows of the parts' keys and values, from a column on, into panels.
func (s *Set) packParts(keyPanels, valuePanels []float32, parts []KeyValues, col, rows, size int) {
	if tail := rows &^ (Width - 1); tail < rows {
		clear(keyPanels[tail*size : (tail+Width)*size])
	}
	at := 0
	for i := range parts {
		p := &parts[i]
		n := min(p.Rows, rows-at)
		if n > 0 {
			_, _ = p.K[(n-1)*p.LD+col+size-1], p.V[(n-1)*p.LD+col+size-1]
			s.packKeysAt(keyPanels, p.K[col:], p.LD, at, n, size)
			packColumnsAt(valuePanels, p.V[col:], p.LD, at, n, rows, size)
			at += n
		}
	}
}

// packKeysAt packs rows of keys into panels, the first as row at: whole panels at once, and the
// rows before and after them one by one.
func (s *Set) packKeysAt(panels, k []float32, ld, at, rows, size int) {
	for i := 0; i < rows; {
		row, panel := k[i*ld:], panels[(at+i)/Width*Width*size:]
		if (at+i)%Width == 0 && i+Width <= rows {
			s.packRows(&panel[0], &row[0], ld, size)
			i += Width
			continue
		}
		place := panel[(at+i)%Width:]
		for d, v := range row[:size] {
			place[d*Width] = v
		}
		i++
	}
}

// packColumnsAt is [packColumns] for rows that are the panels' rows from at on; a panel has all
// rows.
func packColumnsAt(dst, src []float32, ld, at, rows, all, columns int) {
	for j := 0; j < columns; j += Width {
		panel := dst[j*all+at*Width : j*all+(at+rows)*Width]
		for r := range rows {
			*(*[Width]float32)(panel[r*Width:]) = *(*[Width]float32)(src[r*ld+j:])
		}
	}
}
