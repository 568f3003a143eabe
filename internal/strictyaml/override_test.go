package strictyaml

import (
	"slices"
	"strings"
	"testing"
)

func TestOverrides(t *testing.T) {
	const file = "name: x\nprices: {factor: 2}\nshelf: [{places: 2}, {places: 4, height: 5}]\nkeys: [a]\n"
	g, err := shops.ParseGrid("f", []byte(file), "colour=[red,blue]", "shelf[1].places=6", "fixed=3", "keys=[b, c]", "shelf[0].height=7", "open=true")
	if err != nil || len(g.Cells) != 2 || !slices.Equal(g.Axes, []string{"colour"}) {
		t.Fatalf("got %+v and %v", g, err)
	}
	blue := g.Cells[1]
	if v := blue.Value; v.Name != "x" || v.Colour != "blue" || v.Prices != (prices{Factor: 1, Fixed: 3}) || !v.Open ||
		!slices.Equal(v.Shelf, []shelf{{2, 7}, {6, 5}}) || !slices.Equal(v.Keys, []string{"b", "c"}) {
		t.Errorf("got %+v", v)
	}
	for key, want := range map[string]string{
		"name": "f:1", "prices.fixed": "argument fixed=3", "shelf[1].places": "argument shelf[1].places=6",
		"shelf[1].height": "f:3", "shelf[0].places": "f:3", "colour": "argument colour=[red,blue]",
	} {
		if got := blue.Origins.Origin(key); got != want {
			t.Errorf("%s is from %q, want %q", key, got, want)
		}
	}
	if g, err := shops.ParseGrid("f", nil, "shelf[0].height=2"); err != nil || !slices.Equal(g.Cells[0].Value.Shelf, []shelf{{3, 2}}) {
		t.Errorf("of an empty file: got %+v and %v", g, err)
	}
}

func TestWrongOverrides(t *testing.T) {
	for override, want := range map[string]string{
		"name":                 "argument name: it must be KEY=VALUE, such as batch_sizes=[8,16]",
		"=x":                   "it must be KEY=VALUE",
		"colour=":              "argument colour=: colour: has no value",
		"colour=gray":          `argument colour=gray: colour: is "gray"`,
		"color=red":            "argument color=red: no setting is called color; did you mean colour?",
		"zzzzzz=1":             "argument zzzzzz=1: no setting is called zzzzzz",
		"prices.fixd=1":        "argument prices.fixd=1: prices.fixd: unknown key; did you mean fixed?",
		"shelf[2].places=1":    "there is no element 2; the last of the list is 1",
		"shelf[x].places=1":    "there is no such element",
		"prices.factor=[1":     "argument prices.factor=[1",
		"prices.factor=9":      "argument prices.factor=9: prices.factor: is 9",
		"stock.count=1":        "argument stock.count=1: stock.count: is of no use",
		"count=[1,2]":          "cannot be swept",
		"prices=3":             "no setting is called prices",
		"shelf[0].places.x=[]": "argument shelf[0].places.x=[]",
	} {
		_, err := shops.ParseGrid("f", []byte("shelf: [{places: 2}, {places: 4}]"), override)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", override, err, want)
		}
	}
}
