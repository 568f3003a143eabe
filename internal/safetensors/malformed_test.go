package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// file puts a header and n bytes of data behind its length.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, n)...)
}

// prefix is a file whose header length is n, with the given bytes after it.
func prefix(n uint64, rest string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, n), rest...)
}

// tensors is a header of n one-byte tensors.
func tensors(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}`, i, i, i+1)
	}
	return "{" + b.String()[1:] + "}"
}

// metadata is a header whose __metadata__ has n entries.
func metadata(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":""`, i)
	}
	return `{"__metadata__":{` + b.String()[1:] + "}}"
}

// one is a header with one tensor called x.
func one(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"x":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

const good = `{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`

var files = []struct {
	name string
	data []byte
	rule Rule // empty: the file is well-formed
}{
	{"nothing at all", nil, RuleSize},
	{"one byte under the least size", make([]byte, 7), RuleSize},
	{"the least size with an empty header", make([]byte, 8), RuleBrace},
	{"a header of exactly 100 MB that is not there", prefix(MaxHeader, "{"), RuleHeaderFits},
	{"a header one byte over 100 MB", prefix(MaxHeader+1, "{"), RuleHeaderLimit},
	{"a header length with the top bit set", prefix(1<<63, "{}"), RuleHeaderLimit},
	{"a header length of all ones", prefix(math.MaxUint64, "{}"), RuleHeaderLimit},
	{"a header length that wraps 32 bits to 2", prefix(1<<32+2, "{}"), RuleHeaderLimit},
	{"a header that just fits", prefix(2, "{}"), ""},
	{"a header one byte longer than the file", prefix(3, "{}"), RuleHeaderFits},
	{"a header one byte shorter than it is", prefix(uint64(len(good))-1, good+"\x00\x00\x00\x00"), RuleJSON},
	{"a pickle", []byte("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}."), RuleHeaderLimit},
	{"a zip archive", []byte("PK\x03\x04\x14\x00\x08\x08\x00\x00\x00\x00"), RuleHeaderLimit},

	{"a space before the brace", file(" "+good, 4), RuleBrace},
	{"an array", file("[]", 0), RuleBrace},
	{"a string", file(`"x"`, 0), RuleBrace},
	{"a byte order mark", file("\ufeff"+good, 4), RuleBrace},
	{"padding of spaces after the header", file(good+strings.Repeat(" ", 1000), 4), ""},
	{"padding of zero bytes after the header", file(good+"\x00", 4), RuleJSON},
	{"a second object", file(good+"{}", 4), RuleJSON},
	{"an unclosed object", file(good[:len(good)-1], 4), RuleJSON},
	{"an unclosed string", file(`{"x`, 0), RuleJSON},
	{"a comma after the last member", file(good[:len(good)-1]+",}", 4), RuleJSON},
	{"no comma between members", file(`{"dtype":"F32" "shape":[]}`, 0), RuleJSON},
	{"no colon", file(`{"x" {}}`, 0), RuleJSON},
	{"a name without quotes", file(`{x:{}}`, 0), RuleJSON},
	{"a comment", file(`{/* */}`, 0), RuleJSON},
	{"a tensor that is a number", file(`{"x":1}`, 0), RuleJSON},
	{"a tensor that is null", file(`{"x":null}`, 0), RuleJSON},
	{"a tensor that is a list", file(`{"x":[]}`, 0), RuleJSON},
	{"objects in objects, 100,000 deep", file(strings.Repeat(`{"x":`, 100_000), 0), RuleFields},
	{"lists in a shape, 100,000 deep", file(`{"x":{"shape":`+strings.Repeat("[", 100_000), 0), RuleDims},
	{"a raw newline in a name", file("{\"a\nb\":{}}", 0), RuleJSON},
	{"an unknown escape", file(`{"\x":{}}`, 0), RuleJSON},
	{"an escape without digits", file(`{"\uzzzz":{}}`, 0), RuleJSON},
	{"an escape cut off by the end", file(`{"\u00`, 0), RuleJSON},
	{"an escaped surrogate pair", file(strings.Replace(good, "x", `\ud83d\ude00`, 1), 4), ""},
	{"the first half of a surrogate pair", file(`{"\ud83d":{}}`, 0), RuleUTF8},
	{"the second half of a surrogate pair", file(`{"\ude00":{}}`, 0), RuleUTF8},
	{"a surrogate pair of two first halves", file(`{"\ud83d\ud83d":{}}`, 0), RuleUTF8},

	{"a name outside ASCII", file(strings.Replace(good, "x", "重み", 1), 4), ""},
	{"a replacement character as such", file(strings.Replace(good, "x", "\ufffd", 1), 4), ""},
	{"a lone continuation byte", file("{\"\x80\":{}}", 0), RuleUTF8},
	{"a character cut short", file("{\"\xe4\xb8\":{}}", 0), RuleUTF8},
	{"an overlong encoding", file("{\"\xc0\xaf\":{}}", 0), RuleUTF8},
	{"an encoded surrogate", file("{\"\xed\xa0\x80\":{}}", 0), RuleUTF8},
	{"a byte that never occurs", file("{\"\xff\":{}}", 0), RuleUTF8},
	{"bad bytes in metadata", file("{\"__metadata__\":{\"a\":\"\xff\"}}", 0), RuleUTF8},

	{"two tensors of one name", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), RuleDuplicate},
	{"one name spelt in two ways", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0078":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), RuleDuplicate},
	{"two dtypes", file(`{"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), RuleDuplicate},
	{"two shapes", file(`{"x":{"dtype":"U8","shape":[9],"shape":[1],"data_offsets":[0,1]}}`, 1), RuleDuplicate},
	{"two data_offsets", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,9],"data_offsets":[0,1]}}`, 1), RuleDuplicate},
	{"two __metadata__", file(`{"__metadata__":{},"__metadata__":{}}`, 0), RuleDuplicate},
	{"two keys alike in metadata", file(`{"__metadata__":{"a":"","a":""}}`, 0), RuleDuplicate},

	{"a name at the limit", file(strings.Replace(good, "x", strings.Repeat("x", MaxName), 1), 4), ""},
	{"a name one byte over the limit", file(strings.Replace(good, "x", strings.Repeat("x", MaxName+1), 1), 4), RuleName},
	{"an empty name", file(strings.Replace(good, "x", "", 1), 4), ""},
	{"tensors at the limit", file(tensors(MaxTensors), MaxTensors), ""},
	{"one tensor over the limit", file(tensors(MaxTensors+1), MaxTensors+1), RuleCount},

	{"metadata with a long value", file(`{"__metadata__":{"format":"`+strings.Repeat("é", 100_000)+`"}}`, 0), ""},
	{"metadata that is a string", file(`{"__metadata__":"pt"}`, 0), RuleMetadata},
	{"metadata with a number", file(`{"__metadata__":{"a":1}}`, 0), RuleMetadata},
	{"metadata with an object", file(`{"__metadata__":{"a":{}}}`, 0), RuleMetadata},
	{"metadata at the limit", file(metadata(MaxTensors), 0), ""},
	{"one entry of metadata over the limit", file(metadata(MaxTensors+1), 0), RuleMetadata},

	{"no dtype", file(`{"x":{"shape":[1],"data_offsets":[0,4]}}`, 4), RuleFields},
	{"no shape", file(`{"x":{"dtype":"F32","data_offsets":[0,4]}}`, 4), RuleFields},
	{"no data_offsets", file(`{"x":{"dtype":"F32","shape":[1]}}`, 4), RuleFields},
	{"a tensor with nothing", file(`{"x":{}}`, 0), RuleFields},
	{"an unknown field", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"file":"/etc/passwd"}}`, 4), RuleFields},
	{"a field in capitals", file(`{"x":{"DType":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), RuleFields},

	{"an unknown dtype", file(one("F31", "[1]", "[0,4]"), 4), RuleDType},
	{"a dtype in small letters", file(one("f32", "[1]", "[0,4]"), 4), RuleDType},
	{"an empty dtype", file(one("", "[1]", "[0,4]"), 4), RuleDType},
	{"a dtype that is a number", file(`{"x":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}`, 4), RuleJSON},

	{"a dimension of 0", file(one("F32", "[0]", "[0,0]"), 0), ""},
	{"a dimension of -1", file(one("F32", "[-1]", "[0,0]"), 0), RuleDims},
	{"two negative dimensions with a positive product", file(one("F32", "[-1,-1]", "[0,4]"), 4), RuleDims},
	{"a dimension of minus zero", file(one("F32", "[-0]", "[0,0]"), 0), RuleDims},
	{"a dimension with a fraction", file(one("F32", "[1.0]", "[0,4]"), 4), RuleDims},
	{"a dimension with an exponent", file(one("F32", "[1e0]", "[0,4]"), 4), RuleDims},
	{"a dimension with a leading zero", file(one("F32", "[01]", "[0,4]"), 4), RuleDims},
	{"a dimension with a plus", file(one("F32", "[+1]", "[0,4]"), 4), RuleDims},
	{"a dimension that is a string", file(one("F32", `["1"]`, "[0,4]"), 4), RuleDims},
	{"a dimension that is true", file(one("F32", "[true]", "[0,4]"), 4), RuleDims},
	{"a scalar", file(one("F32", "[]", "[0,4]"), 4), ""},
	{"64 dimensions", file(one("F32", "["+strings.Repeat("1,", 63)+"1]", "[0,4]"), 4), ""},
	{"65 dimensions", file(one("F32", "["+strings.Repeat("1,", 64)+"1]", "[0,4]"), 4), RuleDims},
	{"a shape that is a number", file(one("F32", "1", "[0,4]"), 4), RuleJSON},

	{"a dimension at the limit of 63 bits", file(one("F32", "[9223372036854775807]", "[0,4]"), 4), RuleOverflow},
	{"a dimension one over the limit", file(one("F32", "[9223372036854775808]", "[0,4]"), 4), RuleOverflow},
	{"a dimension of fifty digits", file(one("F32", "["+strings.Repeat("9", 50)+"]", "[0,4]"), 4), RuleOverflow},
	{"elements that wrap 64 bits to 0", file(one("F32", "[4294967296,4294967296]", "[0,0]"), 0), RuleOverflow},
	{"elements that wrap 64 bits to 4", file(one("U8", "[4611686018427387905,4]", "[0,4]"), 4), RuleOverflow},
	{"elements that need the 64th bit", file(one("U8", "[4294967296,2147483648]", "[0,4]"), 4), RuleOverflow},
	{"elements that overflow before a zero", file(one("U8", "[4294967296,4294967296,0]", "[0,0]"), 0), RuleOverflow},
	{"bits that wrap 64 bits to 4 bytes", file(one("F32", "[576460752303423489]", "[0,4]"), 4), RuleOverflow},

	{"bytes as the shape needs", file(good, 4), ""},
	{"bytes one short of the shape", file(one("F32", "[1]", "[0,3]"), 3), RuleBytes},
	{"bytes one more than the shape", file(one("F32", "[1]", "[0,5]"), 5), RuleBytes},
	{"bytes for another dtype", file(one("F16", "[1]", "[0,4]"), 4), RuleBytes},
	{"bytes where the shape holds none", file(one("F32", "[0]", "[0,4]"), 4), RuleBytes},
	{"four bits that fill bytes", file(one("F4", "[2]", "[0,1]"), 1), ""},
	{"four bits that leave half a byte", file(one("F4", "[1]", "[0,1]"), 1), RuleBytes},

	{"one offset", file(one("F32", "[1]", "[4]"), 4), RuleOffsets},
	{"three offsets", file(one("F32", "[1]", "[0,4,4]"), 4), RuleOffsets},
	{"no offsets", file(one("F32", "[1]", "[]"), 4), RuleOffsets},
	{"offsets the wrong way round", file(one("F32", "[1]", "[4,0]"), 4), RuleOffsets},
	{"a negative offset", file(one("F32", "[1]", "[-4,0]"), 4), RuleOffsets},
	{"an offset over 63 bits", file(one("F32", "[1]", "[0,18446744073709551620]"), 4), RuleOverflow},
	{"offsets as strings", file(one("F32", "[1]", `["0","4"]`), 4), RuleOffsets},

	{"a first tensor that begins at 1", file(one("F32", "[1]", "[1,5]"), 5), RuleRanges},
	{"a hole of one byte", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3), RuleRanges},
	{"an overlap of one byte", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), RuleRanges},
	{"two tensors that share their bytes", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2), RuleRanges},
	{"a tensor inside another", file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 4), RuleRanges},
	{"an empty tensor inside another", file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}`, 4), RuleRanges},
	{"an empty tensor between others", file(`{"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[2,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 4), ""},
	{"tensors listed from last to first", file(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2), ""},

	{"data cut by one byte", file(good, 3), RuleEnd},
	{"one byte behind the data", file(good, 5), RuleEnd},
	{"data behind a header without tensors", file("{}", 1), RuleEnd},
	{"a tensor far beyond the file", file(one("U8", "[1099511627776]", "[0,1099511627776]"), 4), RuleEnd},
}

func TestMalformed(t *testing.T) {
	dir, refused := t.TempDir(), 0
	for i, c := range files {
		if c.rule != "" {
			refused++
		}
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, fmt.Sprint(i, ".safetensors"))
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := Open(path)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
				t.Errorf("it allocated %d bytes", n)
			}
			if c.rule == "" {
				if err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				f.Close()
				return
			}
			if e := (*Error)(nil); !errors.As(err, &e) || e.Rule != c.rule || e.Err == nil {
				t.Fatalf("got %v, want an error that it must %s", err, c.rule)
			}
			if !strings.Contains(err.Error(), filepath.Base(path)) || len(err.Error()) > 700 {
				t.Errorf("the error must name the file and stay short: %v", err)
			}
		})
	}
	t.Logf("%d malformed files", refused)
	if refused < 60 {
		t.Errorf("%d malformed files, want at least 60", refused)
	}
}

// endless is a file of any size that holds its first bytes and then some others for ever.
type endless struct {
	first []byte
	fill  []byte
}

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(e.first)) {
		n = copy(p, e.first[off:])
	}
	for n < len(p) {
		n += copy(p[n:], e.fill)
	}
	return len(p), nil
}

// The largest header allowed costs neither its size in memory nor much time, whatever it is filled
// with.
func TestLargeHeaderIsCheap(t *testing.T) {
	huge := func(start string, fill byte) endless {
		return endless{prefix(MaxHeader, start), bytes.Repeat([]byte{fill}, 64<<10)}
	}
	for _, c := range []struct {
		name string
		file endless
		rule Rule
	}{
		{"zeros", huge("{", 0), RuleJSON},
		{"spaces", huge("{", ' '), RuleJSON},
		{"spaces after a tensor", huge(good, ' '), RuleEnd},
		{"one long name", huge(`{"`, 'x'), RuleName},
		{"one long number", huge(`{"x":{"shape":[`, '1'), RuleOverflow},
		{"one deep shape", huge(`{"x":{"shape":[`, '['), RuleDims},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := New(c.file, 8+MaxHeader+8, "huge")
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if e := (*Error)(nil); !errors.As(err, &e) || e.Rule != c.rule {
				t.Errorf("got %v, want an error that it must %s", err, c.rule)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("it allocated %d bytes", n)
			}
			t.Logf("%v", took)
			if took > time.Minute { // it takes milliseconds, unless it grows faster than the header
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: got %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: got %v", err)
	}
}

// A file that shrinks after it was opened is an error when it is read.
func TestTruncatedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, file(one("F32", "[1000]", "[0,4000]"), 4000), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Truncate(path, 2000); err != nil {
		t.Fatal(err)
	}
	_, err = f.Load(into(map[string]Values{"x": {Float32: make([]float32, 1000)}}))
	if e := (*Error)(nil); !errors.As(err, &e) || e.Rule != RuleRead || e.Tensor != "x" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want that tensor x cannot be read", err)
	}
}

// A header may arrive in pieces of any size.
func TestHeaderInPieces(t *testing.T) {
	header := `{ "__metadata__" : {"a\n\u00e9":"` + strings.Repeat("é\\\\", 50) + `"},` + "\t\r\n" + strings.Repeat(" ", 50) +
		`"重み":{"dtype":"F32","shape":[1, 1],"data_offsets":[0,4]}}   `
	for size := 1; size < 70; size++ {
		got, err := parseHeader(&pieces{bytes.NewReader([]byte(header)), size})
		if err != nil || len(got) != 1 || got[0].Name != "重み" {
			t.Fatalf("in pieces of %d: got %v, %v", size, got, err)
		}
	}
}

type pieces struct {
	r    io.Reader
	size int
}

func (p *pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }
