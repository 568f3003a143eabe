package material

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// ReadJSON reads a JSON file of the test data into a value. It skips the test if the file is not on
// this machine.
func ReadJSON(t testing.TB, into any, elem ...string) {
	t.Helper()
	data, err := os.ReadFile(Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// Case is a pair of texts of a fixture, with the tokens that the Hugging Face library made of it.
type Case struct {
	Query, Passage string
	MaxLength      int `json:"max_length"`
	IDs            []int32
	TypeIDs        []int32 `json:"type_ids"` // nil where the model has no types
}

// Cases reads those of a fixture, such as "bert-a-f32". It skips the test if the data is not on
// this machine.
func Cases(t testing.TB, fixture string) []Case {
	t.Helper()
	var expected struct{ Cases []Case }
	ReadJSON(t, &expected, "fixtures", fixture, "expected.json")
	return expected.Cases
}

// Texts are queries and passages in turn: the pairs of the load that benchmarks run on. It skips
// the test if they are not on this machine.
func Texts(t testing.TB) (texts []string) {
	t.Helper()
	data, err := os.ReadFile(Path(t, "pairs", "msmarco-3200.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var pair struct{ Query, Passage string }
		if err := json.Unmarshal([]byte(line), &pair); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, pair.Query, pair.Passage)
	}
	return texts
}
