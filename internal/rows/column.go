package rows

import "github.com/parquet-go/parquet-go"

// Column is a column of a file.
type Column struct {
	Name string
	node parquet.Node // its type in Parquet; nil if rows have JSON of any type there
}

// Text is a column of texts, such as one of a CSV file. Values of other types are written as their
// JSON.
func Text(name string) Column { return Column{name, parquet.Optional(parquet.String())} }

// Integer is a column of int64.
func Integer(name string) Column { return Column{name, parquet.Leaf(parquet.Int64Type)} }

// Number is a column of float32.
func Number(name string) Column { return Column{name, parquet.Leaf(parquet.FloatType)} }

// AllMembers stands for all members that a row of JSON lines has. Only JSON lines can be written
// with it; its cells are [Members].
var AllMembers = Column{Name: "*"}

// Equal reports whether columns of two files are the same.
func (c Column) Equal(other Column) bool {
	return c.Name == other.Name && (c.node == nil) == (other.node == nil) &&
		(c.node == nil || parquet.EqualNodes(c.node, other.node))
}

func textColumns(names []string) []Column {
	columns := make([]Column, len(names))
	for i, n := range names {
		columns[i] = Text(n)
	}
	return columns
}
