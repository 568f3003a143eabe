package tokenizer

// Prompt is what stands around the texts of a pair and is read with them. Most models have none, or
// only BeforeQuery. Decoders have an instruction too.
type Prompt struct {
	BeforeInstruction string // "" where there is no instruction
	Instruction       string // that stands there by default
	BeforeQuery       string
	AfterQuery        string
	BeforePassage     string
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
