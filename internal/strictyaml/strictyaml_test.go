package strictyaml

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// shop is a schema with one of everything.
type shop struct {
	Name   string   `yaml:"name" check:"name"`
	Open   bool     `yaml:"open"`
	Hours  Duration `yaml:"hours" help:"time that it is open"`
	Prices prices   `yaml:"prices"`
	Shelf  []shelf  `yaml:"shelf"`
	Stock  stock    `yaml:"stock" sweep:"no"`

	common  `yaml:",inline"`
	Origins `yaml:"-"`
	Hidden  int // has no key
}

type common struct {
	Colour string   `yaml:"colour" oneof:"red,green,blue"`
	Keys   []string `yaml:"keys" secret:"keys"`
}

type prices struct {
	Factor float64 `yaml:"factor" min:"0.5" max:"2"`
	Fixed  int     `yaml:"fixed" min:"0"`
	Free   bool    `yaml:"free"`
}

type shelf struct {
	Places int `yaml:"places" min:"1" max:"9"`
	Height int `yaml:"height"`
}

func (s *shelf) SetDefaults() { *s = shelf{Places: 3} }

type stock struct {
	Count int `yaml:"count"`
}

var shops = Schema[shop]{
	Default:   func() shop { return shop{Name: "corner", Hours: Duration(time.Hour), Prices: prices{Factor: 1}} },
	Exclusive: [][2]string{{"prices.fixed", "prices.factor"}, {"prices.fixed", "prices.free"}},
	Elsewhere: map[string]string{"street": "belongs to a town"},
	Checks: map[string]func(string) string{"name": func(text string) string {
		if text == "bad" {
			return "is bad"
		}
		return ""
	}},
	Verify: func(v *shop, o Origins, report Report) {
		if o.Given("stock.count") && !v.Open {
			report("stock.count", "is of no use to a shop that is closed")
		}
	},
}

func parse(t *testing.T, text string) shop {
	t.Helper()
	s, o, err := shops.Parse("f", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s.Origins = o
	return s
}

func TestParse(t *testing.T) {
	s := parse(t, `
name: 07
open: true
hours: 90m
prices: {factor: 1.5}
shelf: [{height: 2}, {places: 9}]
stock:
colour: red
keys: [a, b]
`)
	want := shop{Name: "07", Open: true, Hours: Duration(90 * time.Minute), Prices: prices{Factor: 1.5},
		Shelf: []shelf{{3, 2}, {9, 0}}, common: common{Colour: "red", Keys: []string{"a", "b"}}, Origins: s.Origins}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	for key, origin := range map[string]string{"name": "f:2", "colour": "f:8", "prices.factor": "f:5", "prices.fixed": "default"} {
		if got := s.Origin(key); got != origin {
			t.Errorf("%s is from %q, want %q", key, got, origin)
		}
	}
	if got := parse(t, ""); got.Name != "corner" || got.Origin("name") != "default" {
		t.Errorf("an empty file: %+v", got)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"nmae: x":                         "f:1: nmae: unknown key; did you mean name?",
		"shelf: [{place: 3}]":             "shelf[0].place: unknown key; did you mean places?",
		"height: 3":                       "height: unknown key here; it belongs at shelf[].height",
		"frobnicate: 3":                   "unknown key; a settings file has name, open, hours, prices, shelf, stock, colour, keys",
		"street: x":                       "f:1: street: belongs to a town",
		"hidden: 3":                       "hidden: unknown key",
		"name: bad":                       "f:1: name: is bad",
		"colour: gren":                    `is "gren", which is not one of red, green, blue; did you mean green?`,
		"prices: {factor: 3}":             "prices.factor: is 3, but must be at most 2",
		"prices: {factor: 30000000000}":   "prices.factor: is 30000000000, but must be at most 2",
		"prices: {factor: 0.1}":           "must be at least 0.5",
		"hours: 3":                        "needs a duration with a unit",
		"hours: -3s":                      "must be longer than 0",
		"shelf: [{places: 0}]":            "shelf[0].places: is 0, but must be at least 1",
		"\nprices: {factor: 1, fixed: 3}": "f:2: prices.factor: cannot stand beside fixed (line 2)",
		"prices: {fixed: 3, free: true}":  "prices.free: cannot stand beside fixed",
		"stock: {count: 3}":               "f:1: stock.count: is of no use to a shop that is closed",
		"open: [true, false]":             "is a list, but takes one value here",
		"colour: red\ncolour: blue":       "f:2: colour: is given twice; the first is on line 1",
		"colour: &c red\nname: *c":        "f:2: name: is a YAML alias",
		"a\nb: c":                         "f:2: is not YAML",
		strings.Repeat("#", maxBytes+1):   "too large",
		"prices: {<<: {factor: 1}}":       "YAML merge keys are not taken",
		"prices: {extends: x}":            "stands at the top of a file only",
		"keys: a":                         "needs a list, such as [1, 2]",
		"name: {a: b}":                    "needs text, not a mapping",
		"prices: {factor: .nan}":          "needs a number",
		"prices: {fixed: 1_000_000_000_000_000_000_000}": "needs a whole number",
	} {
		_, _, err := shops.Parse("f", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", text, err, want)
		}
		if e, ok := errors.AsType[*Error](err); err != nil && (!ok || e.File != "f") {
			t.Errorf("%.60s: %v holds no Error that names the file", text, err)
		}
	}
	if _, _, err := shops.Parse("f", []byte("prices: {fixed: 3, free: false}")); err != nil {
		t.Errorf("a false beside another: %v", err)
	}
	_, _, err := shops.Parse("f", []byte("a: 1\nb: 2\nopen: 3"))
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d faults of three: %v", n, err)
	}
}

func TestKeys(t *testing.T) {
	s := parse(t, "keys: [secret, word]\nshelf: [{}]")
	got := map[string]Key{}
	for _, key := range Keys(s) {
		got[key.Path] = key
	}
	for _, want := range []Key{
		{"hours", "1h", "time that it is open", "duration"}, {"keys", "[2 keys]", "", "list"}, {"shelf[0].places", "3", "", "int"},
		{"colour", `""`, "", "string"}, {"open", "false", "", "bool"}, {"prices.factor", "1", "", "float"},
	} {
		if got[want.Path] != want {
			t.Errorf("got %+v, want %+v", got[want.Path], want)
		}
	}
	if len(got) != 11 {
		t.Errorf("%d keys: %+v", len(got), got)
	}
}

func TestDefaultOrigin(t *testing.T) {
	s := parse(t, "colour: red")
	copied := s
	s.Origins.Default("name", "house default")
	s.Origins.Default("colour", "house default")
	if s.Origin("name") != "house default" || s.Origin("colour") != "f:1" || copied.Origin("name") != "default" {
		t.Errorf("got %q, %q, and %q of a copy", s.Origin("name"), s.Origin("colour"), copied.Origin("name"))
	}
}

// FuzzParse: any file is an error, or settings that Encode writes and Parse
// reads again as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "name: x", "prices: {factor: 1.5}", "a: &a [*a]", "shelf: [{places: 3}, null]", "- a", "colour: !!int x",
		"hours: 1m\nkeys: [a, 1]", "? [a]\n: b", "open: 0x10", "prices: {factor: 1_0e-1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := shops.Parse("f", data)
		if err != nil {
			return
		}
		type written struct {
			Name   string   `yaml:"name"`
			Open   bool     `yaml:"open"`
			Hours  Duration `yaml:"hours"`
			Colour string   `yaml:"colour,omitempty"`
		}
		out, err := Encode(written{s.Name, s.Open, s.Hours, s.Colour})
		if err != nil {
			t.Fatal(err)
		}
		back, _, err := shops.Parse("g", out)
		if err != nil || back.Name != s.Name || back.Open != s.Open || back.Hours != s.Hours || back.Colour != s.Colour {
			t.Fatalf("got %+v and %v\nwant %+v\nthrough %s", back, err, s, out)
		}
	})
}
