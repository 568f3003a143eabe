package httpapi

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestWholeNumber(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "0.0": 0, "0e9": 0, "0.00e-99999999999999999999": 0, "1": 1, "1.0": 1, "-1.0": -1, "1e2": 100, "1E+2": 100,
		"100e-2": 1, "1.5e1": 15, "0.01e2": 1, "120.00": 120, "0.0000000001e10": 1, "999999999999999999": 999999999999999999,
		"1e17": 1e17, "1" + strings.Repeat("0", 40) + "e-40": 1, "1." + strings.Repeat("0", 4000): 1,
	} {
		if got, ok := wholeNumber(jsontext.Value(text)); !ok || got != want {
			t.Errorf("%.30s: got %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"1.5", "-0.5", "1e-1", "1.00000000000000000001", "15e-1", "1e18", "1e400", "-1e400", "1e99999999999999999999",
		"1e-99999999999999999999", "9223372036854775807", "9223372036854775808", `"1"`, "true", "null", "[]", "{}",
	} {
		if got, ok := wholeNumber(jsontext.Value(text)); ok {
			t.Errorf("%s: got %d, want none", text, got)
		}
	}
}

// FuzzWholeNumber compares with exact fractions.
func FuzzWholeNumber(f *testing.F) {
	for _, text := range []string{"1.0", "1e2", "-12.50e1", "0.1e-7", "100e-2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 40 || !json.Valid([]byte(text)) || strings.TrimSpace(text) != text || strings.Trim(text, "-+.eE0123456789") != "" {
			t.Skip()
		}
		if i := strings.IndexAny(text, "eE"); i >= 0 && len(text)-i > 5 {
			t.Skip() // whose fraction would be too large to make
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Skip()
		}
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
		want := exact.IsInt() && new(big.Int).Abs(exact.Num()).Cmp(limit) < 0
		got, ok := wholeNumber(jsontext.Value(text))
		if ok != want || ok && exact.Cmp(new(big.Rat).SetInt64(got)) != 0 {
			t.Errorf("%s: got %d, %v, want %v, %v", text, got, ok, exact, want)
		}
	})
}

// TestRelevance: a score is never written as an integer.
func TestRelevance(t *testing.T) {
	for value, want := range map[relevance]string{0: "0.0", 1: "1.0", -3: "-3.0", 0.5: "0.5", 1e-9: "1e-9", 1.5e-9: "1.5e-9", 1e21: "1e+21", 0.30111474: "0.30111474"} {
		if got, err := value.MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%v: got %s, %v, want %s", float32(value), got, err, want)
		}
	}
}
