package rows

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// maxRowGroups is what the format can number.
const maxRowGroups = parquet.MaxRowGroups

// parquetWriter makes the row groups of a Parquet file and its footer. Each row group is first
// written as a file of its own in memory. Its pages are then moved to where they belong, and what
// the footer says of them with them. So the state of a file between two groups is small, and can be
// kept outside it.
type parquetWriter struct {
	schema *parquet.Schema
	leaves []int // of each column, the index of its first leaf
	file   bytes.Buffer
	w      *parquet.GenericWriter[any]
	codec  zstd.Codec          // one for all groups, because its encoders take megabytes
	size   int                 // of the values in the current group
	meta   format.FileMetaData // of the whole file
	end    int64               // of the file so far
}

// group is a [parquet.Group] whose fields have an order.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func newGroup(fields []parquet.Field) *group {
	g := &group{parquet.Group{}, fields}
	for _, f := range fields {
		g.Group[f.Name()] = f
	}
	return g
}

func (g *group) Fields() []parquet.Field { return g.fields }

func newParquetWriter(columns []Column, done []Group) (*parquetWriter, error) {
	p := &parquetWriter{}
	var fields []parquet.Field
	leaves := 0
	for _, c := range columns {
		fields = append(fields, parquet.Group{c.Name: c.node}.Fields()[0])
		p.leaves = append(p.leaves, leaves)
		leaves += countLeaves(c.node)
	}
	p.schema = parquet.NewSchema("rows", newGroup(fields))
	p.begin()
	if err := p.w.Close(); err != nil { // a file without rows, for what the footer says of all
		return nil, err
	}
	meta, err := p.own()
	if err != nil {
		return nil, err
	}
	p.meta = *meta
	p.meta.RowGroups, p.meta.NumRows = nil, 0
	for _, g := range done {
		if err := p.add(g); err != nil {
			return nil, err
		}
	}
	p.begin()
	return p, nil
}

// begin begins the file of a row group. Its writer is a new one: one that is used again can choose
// other encodings, and a file that is continued would not have the same bytes.
func (p *parquetWriter) begin() {
	p.file.Reset()
	p.size = 0
	p.w = parquet.NewGenericWriter[any](&p.file, p.schema, parquet.Compression(&p.codec), parquet.CreatedBy("crossrank", "", ""))
}

// own reads the footer of the file of a row group.
func (p *parquetWriter) own() (*format.FileMetaData, error) {
	data := p.file.Bytes()
	end := len(data) - len(magic) - 4
	footer := int(binary.LittleEndian.Uint32(data[end:]))
	meta := new(format.FileMetaData)
	err := thrift.Unmarshal(new(thrift.CompactProtocol), bytes.Clone(data[end-footer:end]), meta)
	return meta, err
}

func (p *parquetWriter) write(columns []Column, cells []Cell) error {
	var row parquet.Row
	for i, c := range cells {
		values, err := parquetValues(columns[i], c, p.leaves[i])
		if err != nil {
			return fmt.Errorf("writing %q: %w", columns[i].Name, err)
		}
		row = append(row, values...)
	}
	for _, v := range row {
		p.size += 8
		if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
			p.size += len(v.ByteArray())
		}
	}
	_, err := p.w.WriteRows([]parquet.Row{row})
	return err
}

// parquetValues are the values of a cell in a column whose first leaf has the index.
func parquetValues(c Column, cell Cell, leaf int) ([]parquet.Value, error) {
	switch x := cell.(type) {
	case parquetCell:
		values := make([]parquet.Value, len(x.values))
		for i, v := range x.values {
			values[i] = v.Level(v.RepetitionLevel(), v.DefinitionLevel(), leaf+v.Column()-x.first)
		}
		return values, nil
	case int64:
		return []parquet.Value{parquet.Int64Value(x).Level(0, 0, leaf)}, nil
	case float32:
		return []parquet.Value{parquet.FloatValue(x).Level(0, 0, leaf)}, nil
	}
	text, ok, err := plainText(cell)
	if err != nil {
		return nil, err
	}
	if !ok {
		return []parquet.Value{parquet.NullValue().Level(0, 0, leaf)}, nil
	}
	level := 0
	if c.node.Optional() {
		level = 1
	}
	return []parquet.Value{parquet.ByteArrayValue([]byte(text)).Level(0, level, leaf)}, nil
}

// group returns the pages of the current row group, and what the footer will say of it.
func (p *parquetWriter) group() (data, footer []byte, err error) {
	if err := p.w.Close(); err != nil {
		return nil, nil, err
	}
	meta, err := p.own()
	if err != nil {
		return nil, nil, err
	}
	var start int64 // of the pages in the file of the row group
	if p.end == 0 {
		data = append(data, magic...)
	}
	if len(meta.RowGroups) > 1 || len(p.meta.RowGroups) >= maxRowGroups {
		return nil, nil, fmt.Errorf("a Parquet file has at most %d row groups; write more rows in each", maxRowGroups)
	}
	for i := range meta.RowGroups { // one, or none if there are no rows
		g := &meta.RowGroups[i]
		start = int64(len(magic))
		end := start + pagesSize(g)
		shift(g, p.end+int64(len(data))-start, len(p.meta.RowGroups))
		data = append(data, p.file.Bytes()[start:end]...)
		if footer, err = thrift.Marshal(new(thrift.CompactProtocol), g); err != nil {
			return nil, nil, err
		}
	}
	if err := p.add(Group{Bytes: int64(len(data)), Footer: footer}); err != nil {
		return nil, nil, err
	}
	p.begin()
	return data, footer, nil
}

// pagesSize is the size of the pages of a row group.
func pagesSize(g *format.RowGroup) int64 {
	var n int64
	for i := range g.Columns {
		n += g.Columns[i].MetaData.TotalCompressedSize
	}
	return n
}

// shift moves a row group in its file. The index of its pages is left behind: it is optional, and
// of no use in groups that are read whole.
func shift(g *format.RowGroup, by int64, ordinal int) {
	g.Ordinal = int16(ordinal)
	for _, offset := range offsets(g) {
		if *offset != 0 {
			*offset += by
		}
	}
	for i := range g.Columns {
		c := &g.Columns[i]
		c.OffsetIndexOffset, c.OffsetIndexLength = 0, 0
		c.ColumnIndexOffset, c.ColumnIndexLength = 0, 0
	}
}

func offsets(g *format.RowGroup) []*int64 {
	all := []*int64{&g.FileOffset}
	for i := range g.Columns {
		c := &g.Columns[i]
		all = append(all, &c.FileOffset, &c.MetaData.DataPageOffset, &c.MetaData.IndexPageOffset, &c.MetaData.DictionaryPageOffset)
	}
	return all
}

// add counts a group that is in the file.
func (p *parquetWriter) add(g Group) error {
	p.end += g.Bytes
	if len(g.Footer) == 0 {
		return nil
	}
	var meta format.RowGroup
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), bytes.Clone(g.Footer), &meta); err != nil {
		return fmt.Errorf("reading what is known of a row group: %w", err)
	}
	p.meta.RowGroups = append(p.meta.RowGroups, meta)
	p.meta.NumRows += meta.NumRows
	return nil
}

// footer returns the end of the file.
func (p *parquetWriter) footer() ([]byte, error) {
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &p.meta)
	if err != nil {
		return nil, err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return append(footer, magic...), nil
}
