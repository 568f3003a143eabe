package strictyaml

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestExtends(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"base.yaml":   "name: base\nprices: {factor: 2}\nkeys: [x, y]\n",
		"top.yaml":    "extends: base.yaml\n\nprices: {fixed: 3}\nkeys: [z]\n",
		"a.yaml":      "extends: b.yaml\n",
		"b.yaml":      "extends: a.yaml\n",
		"broken.yaml": "extends: faulty.yaml\n",
		"faulty.yaml": "open: true\nnmae: x\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, o, err := shops.Load(filepath.Join(dir, "top.yaml"))
	if err != nil || s.Name != "base" || s.Prices != (prices{Factor: 1, Fixed: 3}) || !slices.Equal(s.Keys, []string{"z"}) {
		t.Errorf("got %+v and %v", s, err)
	}
	if got := o.Origin("name"); got != filepath.Join(dir, "base.yaml")+":1" {
		t.Errorf("an inherited key is from %q", got)
	}
	for name, want := range map[string]string{
		"a.yaml": "goes around", "broken.yaml": "faulty.yaml:2: nmae: unknown key", "none.yaml": "no such file",
	} {
		if _, _, err := shops.Load(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

func TestGrid(t *testing.T) {
	g, err := shops.ParseGrid("f", []byte("colour: [red, blue]\nshelf: [{places: [1, 2, 3]}]\nkeys: [a, b]"))
	if err != nil || len(g.Cells) != 6 || !slices.Equal(g.Axes, []string{"colour", "shelf[0].places"}) {
		t.Fatalf("got %+v and %v", g, err)
	}
	third := g.Cells[3]
	if third.Value.Colour != "blue" || third.Value.Shelf[0].Places != 1 || third.Set[0] != (Assignment{"colour", "blue"}) ||
		third.Origins.Origin("colour") != "f:1" {
		t.Errorf("got %+v", third)
	}
	for text, want := range map[string]string{
		"stock: {count: [1, 2]}":                     "cannot be swept",
		"colour: []":                                 "is an empty list",
		"colour: [red, red]":                         "has red twice",
		"colour: [red, gray]":                        `is "gray"`,
		"shelf: [{places: [[1]]}]":                   "needs plain values",
		"prices: {fixed: [" + numbers(10_001) + "]}": "more than 10000 combinations",
	} {
		if _, err := shops.ParseGrid("f", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %q", text, err, want)
		}
	}
}

// numbers lists the whole numbers below n.
func numbers(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = strconv.Itoa(i)
	}
	return strings.Join(words, ", ")
}
