package rows

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetCell is the value of a row in a column of a Parquet file.
type parquetCell struct {
	node   parquet.Node
	first  int             // index of the column's first leaf
	values []parquet.Value // one for each leaf, or more if something is repeated
}

// logical returns the logical type of a leaf, nil if it has none.
func logical(n parquet.Node) any {
	if t := n.Type().LogicalType(); t != nil {
		return t.Value
	}
	return nil
}

// text returns the value of a column of texts.
func (c parquetCell) text() (string, error) {
	if err := plain(c.node); err != nil {
		return "", fmt.Errorf("must be a text: %w", err)
	}
	if len(c.values) != 1 || c.values[0].IsNull() {
		return "", errors.New("is null; it must be a text")
	}
	if kind := c.node.Type().Kind(); kind != parquet.ByteArray {
		return "", fmt.Errorf("must be a text, not %v", c.node.Type())
	}
	b := c.values[0].ByteArray()
	if !utf8.Valid(b) {
		return "", errors.New("is no text in UTF-8")
	}
	return string(b), nil
}

// plain refuses the columns whose values have no one form outside Parquet.
func plain(n parquet.Node) error {
	if !n.Leaf() || n.Repeated() {
		return errors.New("its values are lists or groups")
	}
	switch t := logical(n).(type) {
	case nil, *format.StringType, *format.EnumType, *format.JsonType, *format.DateType, *format.TimestampType, *format.IntType, *format.UUIDType:
		if n.Type().Kind() == parquet.Int96 || t == nil && n.Type().Kind() == parquet.FixedLenByteArray {
			break
		}
		return nil
	}
	return fmt.Errorf("its type is %v", n.Type())
}

// json returns the value as JSON. The column is plain.
func (c parquetCell) json() (JSON, error) {
	if len(c.values) != 1 || c.values[0].IsNull() {
		return JSON("null"), nil
	}
	value := c.values[0]
	switch t := logical(c.node).(type) {
	case *format.JsonType:
		if b := value.ByteArray(); json.Valid(b) {
			return JSON(b), nil
		}
	case *format.DateType:
		return marshal(time.Unix(int64(value.Int32())*24*60*60, 0).UTC().Format(time.DateOnly))
	case *format.TimestampType:
		return marshal(moment(value.Int64(), t))
	case *format.IntType:
		if !t.IsSigned {
			if value.Kind() == parquet.Int32 {
				return marshal(value.Uint32())
			}
			return marshal(value.Uint64())
		}
	case *format.UUIDType:
		b := value.ByteArray()
		return marshal(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
	}
	return physical(value)
}

// moment writes a timestamp as RFC 3339 does; without a zone if it is a local time.
func moment(n int64, t *format.TimestampType) string {
	var at time.Time
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		at = time.UnixMilli(n)
	case *format.MicroSeconds:
		at = time.UnixMicro(n)
	default:
		at = time.Unix(0, n)
	}
	if t.IsAdjustedToUTC {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return at.UTC().Format("2006-01-02T15:04:05.999999999")
}

// physical writes a value by its physical type alone. What is no number in JSON is null there, and
// bytes that are no text are in base64.
func physical(value parquet.Value) (JSON, error) {
	switch value.Kind() {
	case parquet.Boolean:
		return marshal(value.Boolean())
	case parquet.Int32:
		return marshal(value.Int32())
	case parquet.Int64:
		return marshal(value.Int64())
	case parquet.Float:
		return number(float64(value.Float()), value.Float())
	case parquet.Double:
		return number(value.Double(), value.Double())
	}
	if b := value.ByteArray(); !utf8.Valid(b) {
		return marshal(base64.StdEncoding.EncodeToString(b))
	}
	return marshal(string(value.ByteArray()))
}

func number(x float64, as any) (JSON, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return JSON("null"), nil
	}
	return marshal(as)
}
