package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// exchangeOf is what the comment of an exchange says of the client whose request it has:
//
//	client: its name
//	base: the URL that it is pointed at
//	reads: the values of the reply that its code reads, and with which types
//	strict: its parser refuses all other keys
//
// The request is as the client's code writes it.
type exchangeOf struct {
	name, client, base string
	reads              []read
	strict             bool
	status             string
	reply              []byte
}

// read is a value that a client reads, such as results[].index:int. A ? behind its name means that
// it may be absent.
type read struct {
	path, kind string
	optional   bool
}

// exchanges parses all exchanges, in the order of their names.
func exchanges(t *testing.T) (all []exchangeOf) {
	t.Helper()
	files, err := filepath.Glob("testdata/exchange/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil || len(archive.Files) != 2 {
			t.Fatalf("%s: %d files, want a request and a reply: %v", file, len(archive.Files), err)
		}
		x := exchangeOf{name: strings.TrimSuffix(filepath.Base(file), ".txtar")}
		head, reply, _ := bytes.Cut(archive.Files[1].Data, []byte("\n\n"))
		x.status, _, _ = strings.Cut(string(head), "\n")
		x.reply = reply
		for line := range strings.Lines(string(archive.Comment)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "client":
				x.client = value
			case "base":
				x.base = value
			case "strict":
				x.strict = true
			case "reads":
				for text := range strings.FieldsSeq(value) {
					path, kind, _ := strings.Cut(text, ":")
					bare, optional := strings.CutSuffix(path, "?")
					x.reads = append(x.reads, read{bare, kind, optional})
				}
			}
		}
		all = append(all, x)
	}
	return all
}

// TestClientsReadReplies reads the reply of each exchange of a client as the client's code does.
func TestClientsReadReplies(t *testing.T) {
	accepted := 0
	for _, x := range exchanges(t) {
		if x.status == "200" {
			accepted++
		}
		if x.client == "" {
			continue
		}
		if x.status != "200" || x.base == "" || len(x.reads) == 0 {
			t.Errorf("%s: status %s, base %q, reads %v; want an accepted request with all of them", x.name, x.status, x.base, x.reads)
			continue
		}
		var reply any
		dec := json.NewDecoder(bytes.NewReader(x.reply))
		dec.UseNumber()
		if err := dec.Decode(&reply); err != nil {
			t.Errorf("%s: %v", x.name, err)
		}
		for _, r := range x.reads {
			if err := r.check(reply, r.path); err != nil {
				t.Errorf("%s: the client reads %s: %v", x.name, r.path, err)
			}
		}
		if x.strict {
			for _, key := range keysOf(t, string(x.reply)) {
				if !slices.ContainsFunc(x.reads, func(r read) bool { return r.passes(key) }) {
					t.Errorf("%s: the client's parser refuses the key %s", x.name, key)
				}
			}
		}
	}
	if accepted < 110 {
		t.Errorf("there are %d accepted exchanges, want 110 at least", accepted)
	}
}

// passes reports whether the path is, or leads through, a key in the form of keysOf.
func (r read) passes(key string) bool {
	path := r.path
	if !strings.HasPrefix(path, "[]") {
		path = "." + path
	}
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// check follows a path from a value to those at its end, and checks their type.
func (r read) check(value any, path string) error {
	if path == "" {
		return r.checkKind(value)
	}
	if rest, ok := strings.CutPrefix(path, "[]"); ok {
		list, isList := value.([]any)
		if !isList || len(list) == 0 {
			return fmt.Errorf("%v is no list with an element", value)
		}
		for _, element := range list {
			if err := r.check(element, strings.TrimPrefix(rest, ".")); err != nil {
				return err
			}
		}
		return nil
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	object, _ := value.(map[string]any)
	inner, ok := object[path[:end]]
	if !ok && r.optional {
		return nil
	}
	if !ok {
		return fmt.Errorf("%v has no %s", value, path[:end])
	}
	return r.check(inner, strings.TrimPrefix(path[end:], "."))
}

func (r read) checkKind(value any) error {
	got := "another type"
	switch v := value.(type) {
	case string:
		got = "string"
	case bool:
		got = "bool"
	case nil:
		got = "null"
	case map[string]any:
		got = "object"
	case json.Number:
		got = "int number"
		if strings.ContainsAny(v.String(), ".eE") {
			got = "decimal number"
		}
	}
	if !slices.Contains(strings.Fields(got), r.kind) {
		return fmt.Errorf("%v is of %s, want %s", value, got, r.kind)
	}
	return nil
}

// TestReadsAreChecked has the checks of paths, types and strict parsers fail.
func TestReadsAreChecked(t *testing.T) {
	var reply any
	dec := json.NewDecoder(strings.NewReader(`{"a":[{"n":1,"f":0.5,"s":"x"}],"o":{},"e":[]}`))
	dec.UseNumber()
	if err := dec.Decode(&reply); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		read read
		ok   bool
	}{
		{read{"a[].n", "int", false}, true}, {read{"a[].n", "number", false}, true}, {read{"a[].n", "decimal", false}, false},
		{read{"a[].f", "decimal", false}, true}, {read{"a[].f", "int", false}, false}, {read{"a[].s", "string", false}, true},
		{read{"a[].x", "string", false}, false}, {read{"a[].x", "string", true}, true}, {read{"o", "object", false}, true},
		{read{"o.x", "object", false}, false}, {read{"e[].x", "int", false}, false}, {read{"a.n", "int", false}, false},
	} {
		if err := c.read.check(reply, c.read.path); (err == nil) != c.ok {
			t.Errorf("%+v: got %v", c.read, err)
		}
	}
	for key, want := range map[string]bool{".a": true, ".a[].n": true, ".a[].nn": false, ".a[].m": false, ".b": false} {
		if got := (read{"a[].n", "int", false}).passes(key); got != want {
			t.Errorf("a[].n passes %s: got %v", key, got)
		}
	}
}
