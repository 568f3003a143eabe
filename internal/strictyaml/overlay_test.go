package strictyaml

import (
	"slices"
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	s := parse(t, "shelf: [{places: 2}, {places: 4}]\nkeys: [x]")
	before := s
	for path, text := range map[string]string{
		"name": "07", "open": "true", "hours": "1m30s", "shelf[1].height": "5", "keys": "a, b", "prices.factor": "2",
	} {
		if err := shops.Set(&s, &s.Origins, path, text, "flag --x"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if got, place := s.Origin(path), s.Place(path); got != "flag --x" || place != path+" (flag --x)" {
			t.Errorf("%s is from %q and stands at %q", path, got, place)
		}
	}
	if s.Name != "07" || !s.Open || s.Shelf[1].Height != 5 || !slices.Equal(s.Keys, []string{"a", "b"}) || s.Prices.Factor != 2 {
		t.Errorf("got %+v", s)
	}
	if before.Shelf[1].Height != 0 || before.Keys[0] != "x" || before.Origin("keys") != "f:2" {
		t.Errorf("a copy from before changed too: %+v", before)
	}
	for path, want := range map[string]string{
		"nothing": "flag --x: nothing: unknown setting", "prices": "is a section", "shelf[7].places": "no such element",
		"shelf[0].places": "needs a whole number", "open.x": "unknown setting", "Origins": "unknown setting",
	} {
		if err := shops.Set(&s, &s.Origins, path, "?", "flag --x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestSetFromEnvironment(t *testing.T) {
	names := Variables{Prefix: "SHOP_", Hint: "read the manual"}
	s := parse(t, "")
	err := shops.SetFromEnvironment(&s, &s.Origins, names, []string{
		"PATH=/bin", "SHOP_OTHERS=x", "SHOP_PRICES_FACTOR=2", "SHOP_COLOUR=blue", "SHOP_NAME=a=b",
	})
	if err != nil || s.Prices.Factor != 2 || s.Colour != "blue" || s.Name != "a=b" || s.Origin("colour") != "environment SHOP_COLOUR" {
		t.Errorf("got %+v and %v", s, err)
	}
	for variable, want := range map[string]string{
		"SHOP_COLOR=red":      "environment SHOP_COLOR: is no setting; did you mean SHOP_COLOUR?",
		"SHOP_PRICES_WHAT=3":  "is no setting; read the manual",
		"SHOP_COLOUR=gray":    "environment SHOP_COLOUR: colour: is \"gray\"",
		"SHOP_PRICES_FIXED=x": "needs a whole number",
	} {
		s := parse(t, "")
		if err := shops.SetFromEnvironment(&s, &s.Origins, names, []string{variable}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", variable, err, want)
		}
	}
}
