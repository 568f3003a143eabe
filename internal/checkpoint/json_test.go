package checkpoint

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestConstants(t *testing.T) {
	o := parseObject("x.json", []byte(`{
		"a": NaN, "b": -Infinity, "c": Infinity , "text": "NaN, \"Infinity\"", "NaN": 1,
		"list": [NaN, {"d": NaN}],
		"part": {"e": NaN}
	}`))
	for key, want := range map[string]string{
		"a": "NaN", "b": "-Infinity", "c": "Infinity", "text": `"NaN, \"Infinity\""`, "NaN": "1",
	} {
		if raw, ok := o.get(key); !ok || string(raw) != want {
			t.Errorf("%s: got %s, want %s", key, raw, want)
		}
	}
	if raw, _ := o.object("part").get("e"); string(raw) != "NaN" {
		t.Errorf("part.e: got %s, want NaN", raw)
	}
	if o.err != nil {
		t.Error(o.err)
	}
	if o.str("a", ""); o.err == nil || o.err.Error() != "x.json:2: a: it must be a string, not NaN" {
		t.Errorf("got %v", o.err)
	}
}

// Errors name the line of what is wrong, in files of several lines.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		read             func(*object)
	}{
		{"a member", "{\n\"a\": 1,\n\"b\": 2\n}", "f:3: b: it must be a string, not 2", func(o *object) { o.str("b", "") }},
		{"a member of a part", "{\n\"a\": {\n\"b\": 2}\n}", "f:3: a.b: it must be a string, not 2", func(o *object) {
			part := o.object("a")
			part.str("b", "")
			o.merge(part)
		}},
		{"a member that a part lacks", "{\n\"a\": {\n\"b\": 2}\n}", "f:2: a.c: it is missing", func(o *object) {
			part := o.object("a")
			part.need("c")
			o.merge(part)
		}},
		{"a member that is missing", "{\n\"a\": 1\n}", "f: b: it is missing", func(o *object) { o.need("b") }},
		{"one line", `{"a": 1}`, "f: a: it must be a string, not 1", func(o *object) { o.str("a", "") }},
		{"a key twice", "{\n\"a\": 1,\n\n\"a\": 2\n}", "f:4: a: the key appears twice", func(*object) {}},
		{"JSON that is wrong", "{\n\"a\": 1,\n\"b\": ,\n}", "f:3: reading a JSON object: byte 15: invalid character ',' at start of value", func(*object) {}},
		{"JSON that is wrong inside", "{\n\"a\": [\n1,\n2 3]}", "f:4: ", func(*object) {}},
		{"JSON that ends", "{\n\"a\": 1", "f:2: reading a JSON object: byte 8: it ends too early", func(*object) {}},
	} {
		o := parseObject("f", []byte(c.text))
		c.read(o)
		if o.err == nil || !strings.HasPrefix(o.err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, o.err, c.want)
		}
	}
}

// JSON without Python's constants stays as it is.
func FuzzConstants(f *testing.F) {
	f.Add([]byte(`{"NaN": "Infinity", "a\\\"": ["\\", NaN]}`))
	f.Add([]byte(`"\u0000NaN`))
	f.Add([]byte(`[-Infinity, "-Infinity", Infinity:NaN]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		quoted := quoteConstants(data)
		if json.Valid(data) && !bytes.Equal(quoted, data) {
			t.Errorf("%q became %q", data, quoted)
		}
		if len(quoted) > len(data)+maxConstants*(len(constantMark)+1) {
			t.Errorf("%d bytes became %d", len(data), len(quoted))
		}
	})
}
