package stats

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// TestRankingAgainstAnotherImplementation compares with testdata/ranking.json, which
// testdata/ranking.py computes from the definitions.
func TestRankingAgainstAnotherImplementation(t *testing.T) {
	data, err := os.ReadFile("testdata/ranking.json")
	if err != nil {
		t.Fatal(err)
	}
	var queries []struct {
		Judged map[string]float64
		IDs    []string
		Scores []float64
		Want   map[string]float64
	}
	if err := json.Unmarshal(data, &queries); err != nil {
		t.Fatal(err)
	}
	if len(queries) < 50 {
		t.Fatalf("only %d queries", len(queries))
	}
	for n, q := range queries {
		var ranked, judged []float64
		for _, i := range RankOrder(q.Scores, func(i int) string { return q.IDs[i] }) {
			ranked = append(ranked, q.Judged[q.IDs[i]])
		}
		for _, g := range q.Judged {
			judged = append(judged, g)
		}
		slices.Sort(judged)
		got := map[string]float64{
			"ndcg_10": NDCG(ranked, judged, 10), "mrr_10": ReciprocalRank(ranked, 10),
			"map": AveragePrecision(ranked, judged), "recall_10": Recall(ranked, judged, 10),
		}
		if len(q.Want) != len(got) {
			t.Fatalf("query %d wants %d measures, not %d", n, len(q.Want), len(got))
		}
		for name, want := range q.Want {
			if math.Abs(got[name]-want) > 1e-12 {
				t.Errorf("query %d: %s is %v, want %v", n, name, got[name], want)
			}
		}
	}
}
