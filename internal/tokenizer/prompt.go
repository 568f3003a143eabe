package tokenizer

// Prompt is what stands around the texts of a pair and is read with them. Most models have none, or
// only BeforeQuery. Decoders have an instruction too.
type Prompt struct {
	BeforeInstruction string // "" where there is no instruction
	Instruction       string // that stands there by default; "" where there need be none
	BeforeQuery       string
	BeforeQueryAlone  string // in place of BeforeQuery where there need be no instruction and is none
	AfterQuery        string // encoded with the query
	Between           string // after that, encoded by itself
	BeforePassage     string
}

// Side encodes a text of one side of a pair, as [Tokenizer.AppendSide] does.
type Side interface {
	AppendSide(dst []int32, text string) []int32
}

// AppendQuery adds the ids of a query's side with t: what stands around the query, and an
// instruction, of which "" means the default.
func (p *Prompt) AppendQuery(dst []int32, t Side, instruction, query string) []int32 {
	dst = t.AppendSide(dst, p.Query(instruction, query))
	if p.Between != "" {
		dst = t.AppendSide(dst, p.Between)
	}
	return dst
}

// Query is the text of a query; an instruction of "" means the default. Where there is no place for
// an instruction it is not read.
func (p *Prompt) Query(instruction, query string) string {
	if p.BeforeInstruction == "" {
		return p.BeforeQuery + query + p.AfterQuery
	}
	if instruction == "" {
		instruction = p.Instruction
	}
	if instruction == "" && p.BeforeQueryAlone != "" {
		return p.BeforeQueryAlone + query + p.AfterQuery
	}
	return p.BeforeInstruction + instruction + p.BeforeQuery + query + p.AfterQuery
}

// WithoutAdded returns a tokenizer like t that reads added tokens, such as special ones, as text
// where they are written in a text. Those of its template stay.
func (t *Tokenizer) WithoutAdded() *Tokenizer {
	plain := *t
	plain.raw, plain.marks = nil, false
	switch e := t.encoder.(type) {
	case *bert:
		b := *e
		b.normalizedRaw = nil
		plain.encoder = &b
	case *pipeline:
		plain.encoder = newPipeline(Config{Normalizers: e.normalizers, PreTokenizers: e.preTokenizers, Model: e.model})
	}
	return &plain
}

// Passage is the text of a passage.
func (p *Prompt) Passage(passage string) string { return p.BeforePassage + passage }
