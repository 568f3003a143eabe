package local_test

import (
	"context"
	"fmt"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/local"
)

func ExampleModel_Score() {
	model, err := local.Open("builtin:minilm-l6", local.Options{Threads: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	resp, err := model.Score(context.Background(), &crossrank.Request{
		Pairs: []crossrank.Pair{
			{Query: "how tall is K2", Passage: "K2 is 8,611 m high."},
			{Query: "what is a fish", Passage: "A fish swims."},
		},
		Raw: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(resp.Scores), "scores of type", resp.ScoreType)
	// Output: 2 scores of type logit
}
