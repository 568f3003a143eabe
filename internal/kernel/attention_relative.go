package kernel

// Relative is what the relative positions of one layer add to attention, see
// [Set.AttentionRelative].
type Relative struct {
	Keys    []*Panels // of each head, its position keys: one output for each row of the table; nil: none
	Queries []*Panels // of each head, its position queries, likewise

	// Rows has at Center + j − i the table's row for the distance of key j from query i. They never
	// rise.
	Rows   []int32
	Center int
}

// relativeKeys is how many keys' products with position queries are made at once. For a block of
// queries, few keys need few rows of the table: as many as there are distances.
const relativeKeys = 24

// RelativeScratch is how many elements of scratch memory [Set.AttentionRelative] needs for up to n
// keys and a table of so many rows.
func RelativeScratch(n int, h Heads, rows int) int {
	if rows == 0 {
		return AttentionScratch(n, h)
	}
	return AttentionScratch(n, h) + max(queryBlock, relativeKeys)*(Pad(rows)+Width)
}

// AttentionRelative is [Set.Attention] with relative positions (He et al. 2020). To the product of
// query i and key j it adds those of the query with the position key, and of the key with the
// position query, of the row for their distance:
//
//	q_i·k_j + q_i·Keys[Rows[j−i]] + k_j·Queries[Rows[j−i]]
//
// Query 0 is at the position first of its sequence, key 0 at its start. The products with the table
// are made for a block of queries, or of queries and keys, and only for the rows in use there. So
// they cost some times as much as q·k, whatever the sequence's length, and the memory for them does
// not grow with it. scratch has [RelativeScratch] elements. If rel is nil there are no positions,
// and [AttentionScratch] elements are enough.
func (s *Set) AttentionRelative(out []float32, ldout int, q []float32, ldq int, k, v []float32, ldkv int,
	queries, first, keys int, h Heads, rel *Relative, scratch []float32) {
	padded := Pad(keys)
	width, group := h.Count*h.Size, h.group()
	_, _ = out[(queries-1)*ldout+width-1], q[(queries-1)*ldq+width-1]
	_, _ = k[(padded-1)*ldkv+width/group-1], v[(keys-1)*ldkv+width/group-1]
	keyPanels, scratch := scratch[:padded*h.Size], scratch[padded*h.Size:]
	valuePanels, scores := scratch[:padded*h.Size], scratch[padded*h.Size:]
	_ = scores[min(queries, queryBlock)*padded-1]
	for head := range h.Count {
		col, kvCol := head*h.Size, head/group*h.Size
		if head%group == 0 {
			s.packKeys(keyPanels, k[kvCol:], ldkv, padded, h.Size)
			packColumns(valuePanels, v[kvCol:], ldkv, keys, h.Size)
		}
		for low := 0; low < queries; low += queryBlock {
			rows := min(queryBlock, queries-low)
			q := q[low*ldq+col:]
			s.scores(scores, padded, q, ldq, rows, keyPanels, padded, h.Size)
			if rel != nil {
				s.addRelative(scores, padded, q, ldq, k[kvCol:], ldkv, rows, first+low, keys, rel, head)
			}
			s.Softmax(scores, rows, padded, keys, h.Scale)
			s.weigh(out[low*ldout+col:], ldout, scores, padded, rows, valuePanels, keys, 0, keys, h.Size)
		}
	}
}

// addRelative adds to rows of scores what the relative positions of a head add. The first query is
// at the position first. The memory for the products lies behind a block's scores.
func (s *Set) addRelative(scores []float32, ld int, q []float32, ldq int, k []float32, ldk, rows, first, keys int, rel *Relative, head int) {
	products := scores[queryBlock*ld:]
	if rel.Keys != nil {
		s.addPositionKeys(scores, ld, q, ldq, rows, first, keys, rel.Keys[head], rel, products)
	}
	if rel.Queries != nil {
		s.addPositionQueries(scores, ld, k, ldk, rows, first, keys, rel.Queries[head], rel, products)
	}
}

// addPositionKeys adds to rows of scores the products of the queries with position keys. The first
// query is at the position first.
func (s *Set) addPositionKeys(scores []float32, ld int, q []float32, ldq, rows, first, keys int, p *Panels, rel *Relative, products []float32) {
	low, width := rel.reach(first, rows, 0, keys)
	s.tableProducts(products, width, q, ldq, rows, p, low)
	for r := range rows {
		addRows(scores[r*ld:], products[r*width:][:width], rel.Rows[rel.Center-first-r:][:keys], low, 0)
	}
}

// addPositionQueries adds to rows of scores the products of the keys with position queries.
func (s *Set) addPositionQueries(scores []float32, ld int, k []float32, ldk, rows, first, keys int, p *Panels, rel *Relative, products []float32) {
	for from := 0; from < keys; from += relativeKeys {
		n := min(relativeKeys, keys-from)
		low, width := rel.reach(first, rows, from, n)
		s.tableProducts(products, width, k[from*ldk:], ldk, n, p, low)
		for r := range rows {
			addRows(scores[r*ld+from:], products[:n*width], rel.Rows[rel.Center-first-r+from:][:n], low, width)
		}
	}
}

// addRows adds to each dst[j] the element of row rows[j] of a table, whose row low is at the start
// of src, or step elements further for each j. Rows never rise, so the first and the last are
// enough to check.
func addRows(dst, src []float32, rows []int32, low, step int) {
	last := len(rows) - 1
	dst = dst[:len(rows)]
	_, _ = src[last*step+int(rows[0])-low], src[int(rows[last])-low]
	from := -low
	for j, row := range rows {
		dst[j] += *skip(&src[0], from+int(row))
		from += step
	}
}

// reach returns the table's first row, and how many rows from there on, for the distances between
// some queries and some keys in a row, in whole panels.
func (r *Relative) reach(query, queries, key, keys int) (low, width int) {
	nearest, farthest := r.Rows[r.Center+key-query-queries+1], r.Rows[r.Center+key+keys-1-query]
	low = int(farthest) &^ (Width - 1)
	return low, Pad(int(nearest) + 1 - low)
}

// tableProducts computes the products of rows of a with width rows of a table from row low on.
func (s *Set) tableProducts(dst []float32, width int, a []float32, lda, rows int, p *Panels, low int) {
	s.columns(dst, width, a, lda, rows, p.In, p.data[low*p.In:], p.In*Width, width, false)
}
