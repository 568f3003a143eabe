package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestAutomatic: one instance without threads is the machine's to divide; whatever says more is
// not.
func TestAutomatic(t *testing.T) {
	for text, want := range map[string]bool{
		"":         true,
		"model: a": true,
		"model_pool: {instances: [{quantization: int8}]}": true,
		"model_pool: {instances: [{threads: 4}]}":         false,
		"model_pool: {instances: [{replicas: 2}]}":        false,
		"model_pool: {instances: [{}, {}]}":               false,
		"model_pool: {instances: [{}, {model: b}]}":       false,
	} {
		s, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Automatic(); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestServed(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none named", "", "builtin:minilm-l6[0]"},
		{"replicas", "model: a\nmodel_pool: {instances: [{threads: 2, replicas: 3}]}", "a[2 2 2]"},
		{"of two models, mixed", "model: a\nmodel_pool: {instances: [{model: b, threads: 1}, {threads: 2}, {model: b, threads: 3}, {model: a, threads: 4}]}",
			"b[1 3] a[2 4]"},
	} {
		s, err := Parse("f", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range s.Served() {
			var threads []int
			for _, in := range m.Instances {
				threads = append(threads, in.Threads)
				if in.Model != m.Model || in.Replicas != 1 {
					t.Errorf("%s: an instance of %s is %+v", c.name, m.Model, in)
				}
			}
			got = append(got, fmt.Sprint(m.Model, threads))
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestAliases: a file's aliases are those of its model, and those of instances of one model add up.
func TestAliases(t *testing.T) {
	s, err := Parse("f", []byte(`
model: a
aliases: [x, "*"]
model_pool: {instances: [{}, {model: b, aliases: [y]}, {aliases: [z]}, {model: b, aliases: [w]}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.Served()[0].Aliases, s.Served()[1].Aliases)
	if want := "[x * z] [y w]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s := s.WithModel("c"); fmt.Sprint(s.Served()[0].Aliases) != "[x *]" {
		t.Errorf("with another model: got %v", s.Served()[0].Aliases)
	}
	if _, err := Parse("f", []byte(`aliases: [""]`)); err == nil || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("an empty alias: got %v", err)
	}
}
