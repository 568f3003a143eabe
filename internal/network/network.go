// Package network describes a cross-encoder's neural network as plain data: its dimensions, its
// operations and its tensors by role. It computes nothing and reads no files.
//
// A family of models, such as BERT, is a translator that turns a checkpoint's settings and tensor
// names into a [Network]. An executor computes any Network that has only operations which it knows.
// So a new family needs no line in an executor, unless it brings an operation that none had; and an
// executor compares [Network.Operations] with its own list, so that it can refuse an operation but
// never pass one over.
//
// # Computation
//
// The residual stream x has one row of Hidden elements a token. Its first value is the embedding of
// the tokens. Each block adds attention and then a feed-forward layer to it, f being either of the
// two:
//
//	post-norm: x ← norm(x + f(x))
//	pre-norm:  x ← x + f(norm(x))
//
// The head reads one row (or the mean of all rows) and gives one logit a sequence.
//
// Of attention, query head i reads key and value head i / (Heads / KVHeads). Its weights are
// softmax(AttentionScale · q·k). Everything that changes q, k or the product (norms of heads,
// rotary and relative positions, windows, causality) is in the description.
package network

import "github.com/crossrank/crossrank/internal/half"

// Network is the description of one network. A translator makes it; everybody else only reads it.
type Network struct {
	Hidden       int // width of the residual stream
	Heads        int // query heads
	KVHeads      int // key and value heads; divides Heads
	HeadSize     int
	Intermediate int // width inside the feed-forward layer

	Embeddings     Embeddings
	PreNorm        bool       // norms stand before attention and feed-forward, not after the sum
	Causal         bool       // a token attends to itself and to those before it
	AttentionScale float32    // what q·k is multiplied by, usually 1/√HeadSize
	Relative       *Relative  // relative positions in attention; nil: none
	Activation     Activation // of the feed-forward layer
	Blocks         []Block
	FinalNorm      *Norm // after the last block; nil: none
	Head           Head

	// File is the path of the ONNX file that holds the weights, in which case no tensor has
	// numbers; "": the tensors have them.
	File string
}

// Embeddings is how token ids become the first value of the residual stream: the sum of the
// token's, its position's and its type's embedding, then the norm, then the projection, or the
// projection first.
type Embeddings struct {
	Tokens     Table
	Positions  *Positions // nil: none
	Types      *Table     // nil: none; with one row, every token is of type 0
	Norm       *Norm      // nil: none
	Projection *Linear    // to Hidden, where the tables have another width; nil: none

	// ProjectFirst says that the projection stands before the norm, whose width is then Hidden.
	ProjectFirst bool
}

// NormWidth is how many elements the norm reads, in a network of so many hidden ones.
func (e *Embeddings) NormWidth(hidden int) int {
	if e.ProjectFirst {
		return hidden
	}
	return e.Tokens.Width
}

// Positions are learned embeddings. Token i has row i + Offset.
//
// An Offset above 0 counts as RoBERTa counts: token id Offset−1 is padding; wherever it stands in a
// sequence it has row Offset−1 and is not counted in the i of the tokens that follow.
type Positions struct {
	Table  Table
	Offset int
}

// Relative positions, as in DeBERTa, add to the product q·k of tokens i and j
//
//	content to position: q_i · (PositionKey · R[r])
//	position to content: k_j · (PositionQuery · R[r])
//
// where R is the table after the norm, and r is the row that Rows has for the distance i − j.
type Relative struct {
	Table Table
	Norm  *Norm // nil: none

	// Rows has an odd length 2m+1; element m + (i − j) is the row for the distance i − j. Distances
	// beyond ±m count as ±m. Rows never fall with the distance.
	Rows []int32

	ContentToPosition, PositionToContent bool
}

// Rotary positions turn pairs of elements of each query and key head: element k and element k + len
// of the head, len being that of Frequencies, turn by position · Frequencies[k] radians. Elements
// beyond 2·len stay as they are.
type Rotary struct{ Frequencies []float64 }

// Block is one layer of the network.
type Block struct {
	AttentionNorm      *Norm // nil: none, which only a pre-norm block can have
	Query, Key, Value  Linear
	QueryNorm, KeyNorm *Norm   // over each head by itself, before rotary positions; nil: none
	Rotary             *Rotary // nil: none
	Window             int     // a token attends to tokens at a distance up to Window; 0: to all
	AttentionOutput    Linear

	// Projections of the relative positions, where the network has them.
	PositionKey, PositionQuery *Linear

	// The feed-forward layer is Down·act(Up·x), or with a Gate Down·(act(Gate·x) ⊙ Up·x).
	FeedForwardNorm *Norm
	Gate            *Linear // nil: none
	Up, Down        Linear
}

// Head turns the last residual stream into one logit a sequence: the row that Pooling chooses, then
// Dense, Activation and Norm where they are given, then Output.
type Head struct {
	Pooling    Pooling
	Dense      *Linear // nil: none
	Activation Activation
	Norm       *Norm // nil: none

	// Output has one or two rows. With one, its value is the logit. With two, the logit is the
	// second value less the first, whose sigmoid is the softmax of the two. Rows of a language
	// model's output embedding (the logits of "no" and "yes") are such an Output.
	Output Linear

	// Tokens are the ids of the tokens whose logits Output gives, if its rows are those of a language
	// model; nil: they are a classifier's. Like the numbers of tensors, they may come after the shape.
	Tokens []int32
}

// Table is a matrix whose rows are looked up. Its elements are in Data; or, if it has a Format, in
// Bits, in half of the memory. Only the tokens' embeddings may have one: they can be most of a
// network's memory.
type Table struct {
	Rows, Width int
	Data        []float32
	Format      half.Format
	Bits        []uint16
}

// Row returns a row, in buffer if it has to be converted.
func (t *Table) Row(i int, buffer []float32) []float32 {
	if t.Format == "" {
		return t.Data[i*t.Width : (i+1)*t.Width]
	}
	buffer = buffer[:t.Width]
	t.Format.Widen(buffer, t.Bits[i*t.Width:(i+1)*t.Width])
	return buffer
}

// Slice returns rows from low to high as a table.
func (t *Table) Slice(low, high int) Table {
	s := *t
	s.Rows = high - low
	if t.Format == "" {
		s.Data = t.Data[low*t.Width : high*t.Width]
	} else {
		s.Bits = t.Bits[low*t.Width : high*t.Width]
	}
	return s
}

// Linear computes y = Weight·x + Bias. The weights are in Weight; or, if it has a Format, in Bits,
// as a [Receiver] gets those of a file of 16 bits.
type Linear struct {
	In, Out int
	Weight  []float32 // Out × In
	Bias    []float32 // Out; nil: none
	Format  half.Format
	Bits    []uint16
}

// Rows returns the weights of outputs low to high side by side, in buffer if they have to be
// converted.
func (l *Linear) Rows(low, high int, buffer []float32) []float32 {
	if l.Format == "" {
		return l.Weight[low*l.In : high*l.In]
	}
	buffer = buffer[:(high-low)*l.In]
	l.Format.Widen(buffer, l.Bits[low*l.In:high*l.In])
	return buffer
}

// Norm is a layer norm, or a root mean square norm, which subtracts no mean.
type Norm struct {
	RMS    bool
	Eps    float32
	Weight []float32
	Bias   []float32 // nil: none
}

// Activation is a function of one element.
type Activation string

const (
	NoActivation Activation = ""
	GELU         Activation = "gelu"      // x·Φ(x), by erf
	GELUTanh     Activation = "gelu_tanh" // GELU's approximation by tanh
	ReLU         Activation = "relu"
	SiLU         Activation = "silu" // x·sigmoid(x)
	Tanh         Activation = "tanh"
)

// Pooling says which rows the head reads.
type Pooling string

const (
	FirstToken Pooling = "the first token"
	LastToken  Pooling = "the last token"
	MeanToken  Pooling = "the mean of all tokens"
)

// MaxTokens is the length of the longest sequence that learned positions allow; 0 if there are
// none.
func (n *Network) MaxTokens() int {
	if p := n.Embeddings.Positions; p != nil {
		return p.Table.Rows - p.Offset
	}
	return 0
}

// SharesPrefixes reports whether an executor can compute what sequences begin with once for all of
// them: what a token adds to the network depends on nothing after it, and the head reads the last
// token alone.
func (n *Network) SharesPrefixes() bool { return n.Causal && n.Head.Pooling == LastToken }

// Parameters counts the numbers of all tensors.
func (n *Network) Parameters() int64 {
	var sum int64
	for _, t := range n.Tensors() {
		sum += int64(t.Rows) * int64(t.Cols)
	}
	return sum
}
