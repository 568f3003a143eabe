package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
)

// sender is whose the request is, to the queue, and how urgent. A degree of urgency spans the priorities of one more digit.
func sender(ctx context.Context, req *crossrank.Request) batch.Sender {
	class := 0
	for p := req.Priority; p > 0; p /= 10 {
		class++
	}
	return batch.Sender{Caller: crossrank.CallerOf(ctx), Class: min(class, batch.Classes-1)}
}

// bytesAToken is how many bytes of text a token has, about: a little less than in English, so that what is refused by its
// bytes would hardly have been admitted by its tokens. Where a character is a token, that is left to the tokens.
const bytesAToken = 4

// admit refuses a request by the bytes of its texts, before tokens are made of them: under overload most requests are
// refused, and must not cost what those that are not do. Where scores are shared, only the tokens can tell whether a request
// needs the queue at all.
func (p *Pipeline) admit(ctx context.Context, from batch.Sender, req *crossrank.Request, limit int) error {
	if p.scores != nil {
		return nil
	}
	about := 0
	for i := range req.Pairs {
		tokens := minLength + (len(p.model.Prompt)+len(req.Pairs[i].Query)+len(req.Pairs[i].Passage))/bytesAToken
		about += min(tokens, limit)
	}
	if err := p.pool.Check(ctx, from, about); err != nil {
		return p.refusal(nil, err)
	}
	return nil
}

// checkPreferred refuses preferred numbers of pairs that no batch can have.
func (o Options) checkPreferred() error {
	most := orDefault(o.MaxBatchPairs, DefaultBatchPairs)
	for i, n := range o.PreferredPairs {
		if n < 1 || n > most || i > 0 && n <= o.PreferredPairs[i-1] {
			return fmt.Errorf("the preferred sizes of batches are %v; want them ascending, from 1 to the %d pairs that a batch may have",
				o.PreferredPairs, most)
		}
	}
	return nil
}

// probe is the batch by which the engines' speed is measured before the first request: 4 pairs of 64 tokens, or what fits the
// model, which take about 20 ms where 32 pairs of 80 tokens take 250.
func (p *Pipeline) probe(opts Options) []network.Sequence {
	if !opts.Probe {
		return nil
	}
	word := p.model.Tokenizer.Append(nil, "a")
	text := slices.Repeat(word, 64/max(1, len(word)))
	ids, split, _ := p.model.Tokenizer.Join(nil, word, text, min(64, p.model.MaxLength), 0)
	return slices.Repeat([]network.Sequence{{IDs: ids, TypeBoundary: split}}, 4)
}
