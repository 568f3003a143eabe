// Package rows reads and writes files of rows: JSON lines, CSV, TSV and Parquet, plain or
// compressed.
//
// A [Reader] gives the rows of one file in order, in constant memory. Each row knows its place, so
// that an error can name the file and the line, and a row that cannot be read is a [*RowError]
// after which reading goes on. A [Mark] is a place between two rows; reading can begin there again.
//
// A [Writer] writes rows in groups. A group is complete in itself: a row group of Parquet, a frame
// of zstd, a member of gzip, or any number of lines. So a writer that was killed continues after
// the last group that is known to be complete, and the file is the one that it would have been.
package rows

import (
	"fmt"
	"slices"
	"strings"
)

// Format is how a file holds rows. Its text is the name in programs and the extension of files.
type Format string

const (
	// JSONL has a JSON object per line. Rows name their own columns.
	JSONL Format = "jsonl"
	// CSV has comma-separated values as in RFC 4180, quoted where necessary.
	CSV Format = "csv"
	// TSV has tab-separated values, without quoting: a quotation mark is a character like others.
	TSV Format = "tsv"
	// Parquet has typed columns in groups of rows.
	Parquet Format = "parquet"
)

// Compression is how a file is compressed as a whole. Its text is the extension of files.
type Compression string

const (
	// Plain is no compression.
	Plain Compression = ""
	// Gzip is the format of gzip, in one member or several.
	Gzip Compression = "gz"
	// Zstd is Zstandard, in one frame or several.
	Zstd Compression = "zst"
)

// Kind is the format of a file and its compression.
type Kind struct {
	Format      Format
	Compression Compression
}

// Kinds lists the names of all kinds: those that [ParseKind] knows.
func Kinds() []string {
	var names []string
	for _, f := range []Format{JSONL, CSV, TSV} {
		for _, c := range []Compression{Plain, Gzip, Zstd} {
			names = append(names, Kind{f, c}.String())
		}
	}
	return append(names, string(Parquet))
}

// String returns the name of the kind, such as "csv.gz".
func (k Kind) String() string {
	if k.Compression == Plain {
		return string(k.Format)
	}
	return string(k.Format) + "." + string(k.Compression)
}

// ParseKind reads the name of a kind, such as "jsonl" or "csv.gz".
func ParseKind(name string) (Kind, error) {
	format, compression, _ := strings.Cut(name, ".")
	k := Kind{Format(format), Compression(compression)}
	if slices.Contains(Kinds(), name) {
		return k, nil
	}
	return Kind{}, fmt.Errorf("unknown format %q; use one of %s", name, strings.Join(Kinds(), ", "))
}

// synonyms are other extensions of formats and compressions.
var synonyms = strings.NewReplacer(".ndjson", ".jsonl", ".gzip", ".gz", ".zstd", ".zst", ".tab", ".tsv", ".pq", ".parquet")

// KindOf finds the kind of a file by the extensions of its name, in any case. A name without a
// known one is JSONL, and known is false.
func KindOf(path string) (k Kind, known bool) {
	path = strings.ToLower(path)
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		path = path[i+1:]
	}
	path = synonyms.Replace(path + ".")
	parts := strings.Split(strings.TrimSuffix(path, "."), ".")
	k = Kind{Format: JSONL}
	last := len(parts) - 1
	if c := Compression(parts[last]); last > 0 && (c == Gzip || c == Zstd) {
		k.Compression = c
		last--
	}
	switch f := Format(parts[last]); {
	case last > 0 && (f == JSONL || f == CSV || f == TSV):
		k.Format, known = f, true
	case last > 0 && f == Parquet && k.Compression == Plain:
		k.Format, known = f, true
	}
	return k, known
}
