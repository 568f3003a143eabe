package pipeline

import (
	"context"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
)

// senderOf is whose a request is, to the queue, and how urgent. One step of the queue's priorities
// spans the priorities of one more digit.
func senderOf(ctx context.Context, req *crossrank.Request) fairqueue.Sender {
	priority := 0
	for p := req.Priority; p > 0; p /= 10 {
		priority++
	}
	return fairqueue.Sender{Caller: crossrank.CallerOf(ctx), Priority: min(priority, fairqueue.Priorities-1)}
}

// bytesPerToken is about how many bytes of text a token has, a little less than in English: a
// request that is refused by its bytes would hardly have been admitted by its tokens. In scripts
// where each character is a token, the tokens decide.
const bytesPerToken = 4

// admissionErr refuses a request by the bytes of its texts, before they are tokenized. Under
// overload most requests are refused, and refusing must not cost what serving does. Where scores
// are reused, only the tokens show whether a request needs the queue at all.
func (p *Pipeline) admissionErr(ctx context.Context, from fairqueue.Sender, req *crossrank.Request, limit int) error {
	if p.scores != nil {
		return nil
	}
	about := 0
	for i := range req.Pairs {
		tokens := p.specials + (len(req.Instruction)+len(req.Pairs[i].Query)+len(req.Pairs[i].Passage))/bytesPerToken
		about += min(tokens, limit)
	}
	if err := p.pool.Check(ctx, from, about); err != nil {
		return p.refusal(nil, err)
	}
	return nil
}

// probe is the batch by which the engines' speed is measured before the first request: 4 pairs of
// 64 tokens, or what fits the model. It takes about 20 ms, where 32 pairs of 80 tokens take 250 ms.
func (p *Pipeline) probe(opts Options) []network.Sequence {
	if !opts.Probe {
		return nil
	}
	word := p.model.Tokenizer.AppendSide(nil, "a")
	text := slices.Repeat(word, 64/max(1, len(word)))
	ids, split, _ := p.model.Tokenizer.Join(nil, word, text, min(64, p.model.MaxLength), 0)
	return slices.Repeat([]network.Sequence{{IDs: ids, TypeBoundary: split}}, 4)
}
