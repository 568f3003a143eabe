package rows

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetRows reads the rows of a Parquet file, one row group after the other. Of each it reads
// only the chosen columns.
type parquetRows struct {
	name    string
	file    *parquet.File
	done    int64 // rows
	view    parquetView
	group   parquet.Rows // the current row group; nil between two
	groups  int          // row groups so far
	skip    int64        // rows to skip in the next row group
	buffer  [64]parquet.Row
	waiting []parquet.Row // in buffer
}

// parquetView is the columns of a file that are read.
type parquetView struct {
	names  []string
	nodes  []parquet.Node
	ends   []int // for each column, the number of leaves of it and of those before it
	schema *parquet.Schema
}

func openParquet(in io.ReaderAt, size int64, name string, start Mark) (p *parquetRows, err error) {
	err = guarded(name, func() error {
		file, err := parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return fmt.Errorf("opening %s as Parquet: %w", name, err)
		}
		p = &parquetRows{name: name, file: file, done: start.Row, skip: start.Row}
		for groups := file.RowGroups(); p.groups < len(groups) && p.skip >= groups[p.groups].NumRows(); p.groups++ {
			p.skip -= groups[p.groups].NumRows()
		}
		p.view = newView(file.Schema().Fields())
		return nil
	})
	return p, err
}

// guarded runs f, and turns a panic about a damaged file into an error.
func guarded(name string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reading %s: the Parquet file is damaged: %v", name, r)
		}
	}()
	return f()
}

func newView(fields []parquet.Field) parquetView {
	v := parquetView{}
	leaves := 0
	for _, f := range fields {
		leaves += countLeaves(f)
		v.names, v.nodes, v.ends = append(v.names, f.Name()), append(v.nodes, f), append(v.ends, leaves)
	}
	v.schema = parquet.NewSchema("rows", newGroup(fields))
	return v
}

func countLeaves(n parquet.Node) int {
	if n.Leaf() {
		return 1
	}
	leaves := 0
	for _, f := range n.Fields() {
		leaves += countLeaves(f)
	}
	return leaves
}

func (p *parquetRows) columns() []Column {
	var all []Column
	for _, f := range p.file.Schema().Fields() {
		all = append(all, Column{f.Name(), f})
	}
	return all
}

func (p *parquetRows) choose(names []string) error {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	var fields []parquet.Field
	for _, f := range p.file.Schema().Fields() {
		if wanted[f.Name()] {
			fields = append(fields, f)
		}
	}
	return guarded(p.name, func() error {
		p.view = newView(fields)
		return nil
	})
}

func (p *parquetRows) place() (int, int64) { return 0, 0 }

func (p *parquetRows) fraction() (float64, bool) {
	if total := p.file.NumRows(); total > 0 {
		return float64(p.done) / float64(total), true
	}
	return 1, true
}

func (p *parquetRows) next(at Position) (*Row, error) {
	if len(p.waiting) == 0 {
		if err := guarded(p.name, p.fill); err != nil {
			return nil, err
		}
	}
	values := p.waiting[0]
	p.waiting = p.waiting[1:]
	p.done++
	row := &Row{At: at, names: p.view.names, cells: make([]Cell, len(p.view.names))}
	from := 0
	for i, end := range p.view.ends {
		cell := parquetCell{node: p.view.nodes[i], first: 0}
		if i > 0 {
			cell.first = p.view.ends[i-1]
		}
		to := from
		for to < len(values) && values[to].Column() < end {
			to++
		}
		cell.values = values[from:to]
		row.cells[i], from = cell, to
	}
	return row, nil
}

// fill reads some rows of the current row group, or of the next one. At the end it returns io.EOF.
func (p *parquetRows) fill() error {
	for {
		if p.group == nil {
			if err := p.open(); err != nil {
				return err
			}
		}
		for i := range p.buffer {
			p.buffer[i] = nil // the rows that were read keep their memory
		}
		n, err := p.group.ReadRows(p.buffer[:])
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading %s near row %d: %w", p.name, p.done+1, err)
		}
		if n > 0 {
			p.waiting = p.buffer[:n]
			for i, row := range p.waiting {
				p.buffer[i] = row.Clone()
			}
			return nil
		}
		if err := p.group.Close(); err != nil {
			return fmt.Errorf("reading %s: %w", p.name, err)
		}
		p.group = nil
	}
}

// open begins the next row group.
func (p *parquetRows) open() error {
	groups := p.file.RowGroups()
	if p.groups >= len(groups) {
		return io.EOF
	}
	convert, err := parquet.Convert(p.view.schema, p.file.Schema())
	if err != nil {
		return fmt.Errorf("reading %s: %w", p.name, err)
	}
	p.group = parquet.ConvertRowGroup(groups[p.groups], convert).Rows()
	p.groups++
	if p.skip > 0 {
		err = p.group.SeekToRow(p.skip)
		p.skip = 0
	}
	if err != nil {
		return errors.Join(fmt.Errorf("reading %s: %w", p.name, err), p.group.Close())
	}
	return nil
}
