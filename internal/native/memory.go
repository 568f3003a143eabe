package native

import "github.com/crossrank/crossrank/internal/kernel"

// dividedTokens is the longest sequence that one worker of several has memory for. A worker's
// memory for the activations of ModernBERT's 8,192 tokens is 126 MB; for so many, it is 16.
const dividedTokens = 1024

// memory is the activations of all workers of an engine, side by side. A team computes in the
// memory of all of its workers as one, so that its blocks have as many rows as theirs together.
type memory struct {
	model *model
	each  int     // rows of the longest sequence that fits one worker's memory
	all   scratch // of all workers
}

// newMemory makes the memory of some workers. All of it holds a sequence of maxTokens tokens.
func (m *model) newMemory(workers, maxTokens int) *memory {
	a := &memory{model: m, each: max(blockTokens, maxTokens)}
	if workers > 1 {
		a.each = max(blockTokens, min(maxTokens, dividedTokens))
	}
	rows := max(workers*a.stride(), maxTokens+kernel.Width)
	a.all = scratch{
		x:       make([]float32, rows*m.hidden),
		qkv:     make([]float32, rows*m.projected),
		context: make([]float32, rows*m.attention),
	}
	if workers > 1 && m.sharesColumns() {
		a.all.sum = make([]float32, workers*columnRows*m.hidden)
		a.all.feed = make([]float32, workers*columnRows*m.intermediate)
	}
	return a
}

// stride is how many rows one worker's memory has. Kernels read some rows beyond those of a
// sequence, which must not be another team's.
func (a *memory) stride() int { return a.each + kernel.Width }

// lend makes s a pass of one of the teams of a plan. The only team has all of the memory.
func (a *memory) lend(s *scratch, p plan, team int) {
	from, to := 0, len(a.all.x)/a.model.hidden
	if p.teams > 1 {
		from, to = team*p.size*a.stride(), (team+1)*p.size*a.stride()
	}
	hidden, attention, projected := a.model.hidden, a.model.attention, a.model.projected
	s.x = a.all.x[from*hidden : to*hidden]
	s.qkv = a.all.qkv[from*projected : to*projected]
	s.context = a.all.context[from*attention : to*attention]
	s.block = p.size * blockTokens
	if p.columns > 1 {
		from, to = team*p.size*columnRows, (team+1)*p.size*columnRows
		s.sum = a.all.sum[from*hidden : to*hidden]
		s.feed = a.all.feed[from*a.model.intermediate : to*a.model.intermediate]
	}
}
