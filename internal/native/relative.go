package native

import (
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// positionProjections are a block's projections of relative positions; nil where it has none.
type positionProjections struct{ key, query *network.Linear }

// copyPositions copies a block's projections of relative positions, which are needed when the table
// is there.
func copyPositions(b *network.Block) positionProjections {
	return positionProjections{copyLinear(b.PositionKey), copyLinear(b.PositionQuery)}
}

func copyLinear(l *network.Linear) *network.Linear {
	if l == nil {
		return nil
	}
	weight := make([]float32, l.In*l.Out)
	copy(weight, l.Rows(0, l.Out, weight))
	return &network.Linear{In: l.In, Out: l.Out, Weight: weight, Bias: l.Bias}
}

// packRelative makes the position keys and queries of every layer from the table of relative
// positions. They depend on weights alone, so no pass computes them. They are float32 in every
// precision, as all of attention is.
func (m *model) packRelative(r *network.Relative, projections []positionProjections) {
	table := padRows(r.Table.Data, m.width)
	if r.Norm != nil {
		normed, norm := make([]float32, len(table)), padNorm(r.Norm)
		m.normRows(normed, table, r.Table.Rows, &norm)
		table = normed
	}
	jobs := make([]func(), len(m.layers))
	for i, p := range projections {
		l := &m.layers[i]
		l.relative = &kernel.Relative{}
		jobs[i] = func() {
			l.relative.Keys = m.projectTable(table, r.Table.Rows, p.key)
			l.relative.Queries = m.projectTable(table, r.Table.Rows, p.query)
		}
	}
	inParallel(jobs)
}

// projectTable packs the projection of the table's rows for each head; without a projection it
// returns none.
func (m *model) projectTable(table []float32, rows int, p *network.Linear) []*kernel.Panels {
	if p == nil {
		return nil
	}
	forNow := kernel.NewPacker(m.kernels) // this packed matrix is used once
	ld, size := kernel.Pad(p.Out), m.headSize
	all := make([]float32, rows*ld)
	m.kernels.MatMul(all, ld, table, m.hidden, rows, forNow.Pack(p, biasOf(p), p.In, p.Out), kernel.None, nil)
	panels, one, zeros := make([]*kernel.Panels, m.heads.Count), make([]float32, rows*size), make([]float32, rows)
	for h := range panels {
		for r := range rows {
			copy(one[r*size:(r+1)*size], all[r*ld+h*size:])
		}
		panels[h] = m.packer.Pack(kernel.Matrix{In: size, Data: one}, zeros, size, rows)
	}
	return panels
}

// prepareRelative gives the layers the table's row for each distance of two tokens, by that of the
// key from the query.
func (m *model) prepareRelative(maxTokens int) {
	most := (len(m.relativeRows) - 1) / 2
	rows := make([]int32, 0, 2*maxTokens-1)
	for distance := 1 - maxTokens; distance < maxTokens; distance++ {
		rows = append(rows, m.relativeRows[most-min(max(distance, -most), most)])
	}
	for i := range m.layers {
		m.layers[i].relative.Rows, m.layers[i].relative.Center = rows, maxTokens-1
	}
}
