package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// unlimited is the smallest maximum length that is no limit: transformers writes 10^30 for none.
const unlimited = 1 << 30

// tokenizerConfig is what tokenizer_config.json says. Its keys and their defaults are those of
// transformers' BertTokenizer.
type tokenizerConfig struct {
	o     *object
	opts  tokenizer.Options
	added []tokenizer.AddedToken
	limit int

	addedFile, addedField string // where the added tokens are listed, for errors

	noTypes *Error // the key that keeps token types from the model; nil if none does
}

// parseTokenizerConfig reads tokenizer_config.json; an absent file is an empty object.
func parseTokenizerConfig(data []byte) (*tokenizerConfig, error) {
	o := parseObject(tokenizerConfigFile, data)
	c := &tokenizerConfig{o: o, limit: lengthLimit(o, "model_max_length"), addedFile: tokenizerConfigFile, addedField: "added_tokens_decoder"}
	c.opts = tokenizer.Options{
		Cased:   !o.boolean("do_lower_case", true),
		Accents: accents(o.tristate("strip_accents")),
		JoinCJK: !o.boolean("tokenize_chinese_chars", true),
		Unknown: specialName(o, "unk_token", "[UNK]"),
		CLS:     specialName(o, "cls_token", "[CLS]"),
		SEP:     specialName(o, "sep_token", "[SEP]"),
		Pad:     specialName(o, "pad_token", "[PAD]"),
		Mask:    specialName(o, "mask_token", "[MASK]"),
	}
	if !o.boolean("do_basic_tokenize", true) {
		o.fail("do_basic_tokenize", "it is false, so text must be split into words already; only plain text can be read")
	}
	if list := o.list("never_split"); len(list) > 0 {
		o.fail("never_split", "it has %d tokens; make them added tokens instead", len(list))
	}
	o.only("truncation_side", "right")
	c.readInputs()
	decoder := o.object("added_tokens_decoder")
	for key := range decoder.members {
		id, err := strconv.Atoi(key)
		if err != nil || id < 0 || id >= maxVocab || strconv.Itoa(id) != key {
			decoder.fail("", "%.40q is not an id", key)
			break
		}
		token := decoder.object(key)
		c.added = append(c.added, parseAdded(token, int32(id)))
		decoder.merge(token)
	}
	o.merge(decoder)
	if o.err != nil {
		return nil, o.err
	}
	return c, nil
}

// readInputs finds out whether the tokenizer gives a model the types of tokens. Without them, a
// model that has types reads every token as one of the first text.
func (c *tokenizerConfig) readInputs() {
	key := ""
	if _, ok := c.o.get("model_input_names"); ok {
		if names := c.o.list("model_input_names"); !slices.ContainsFunc(names, func(n jsontext.Value) bool {
			return string(n) == `"token_type_ids"`
		}) {
			key = "model_input_names"
		}
	} else if strings.HasPrefix(c.o.str("tokenizer_class", ""), "DistilBert") {
		key = "tokenizer_class"
	}
	if key != "" {
		c.noTypes = c.o.fault(key, c.o.members[key], errors.New("by it the model reads no token_type_ids, but its scores depend on them"))
	}
}

// specialName reads the name of a special token: a string, or an object that has it as content.
func specialName(o *object, key, fallback string) string {
	if raw, ok := o.get(key); !ok || raw[0] != '{' {
		return o.str(key, fallback)
	}
	token := o.object(key)
	name := token.str("content", fallback)
	o.merge(token)
	return name
}

func accents(strip *bool) tokenizer.Accents {
	switch {
	case strip == nil:
		return tokenizer.AccentsByCase
	case *strip:
		return tokenizer.StripAccents
	}
	return tokenizer.KeepAccents
}

// lengthLimit reads a maximum number of tokens; 0 = unlimited.
func lengthLimit(o *object, key string) int {
	raw, ok := o.get(key)
	if !ok {
		return 0
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if errors.Is(err, strconv.ErrSyntax) || math.IsNaN(x) {
		o.fail(key, "it must be a number, not %.40s", raw)
		return 0
	}
	if x >= unlimited {
		return 0
	}
	return o.size(key, minPositions, unlimited)
}

// fromVocab combines vocab.txt with tokenizer_config.json.
func fromVocab(data []byte, c *tokenizerConfig) (*vocabulary, error) {
	pieces, err := parseVocab(data)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{file: vocabFile, pieces: pieces, opts: c.opts, limit: c.limit, noTypes: c.noTypes}
	if err := v.add(c.addedFile, c.addedField, c.specialAdded()); err != nil {
		return nil, err
	}
	v.addSpecial()
	return v, nil
}

// specialAdded is the added tokens, of which those with the names of special tokens are special, as
// added_tokens.json does not say.
func (c *tokenizerConfig) specialAdded() []tokenizer.AddedToken {
	tokens, names := slices.Clone(c.added), []string{c.opts.Unknown, c.opts.CLS, c.opts.SEP, c.opts.Pad, c.opts.Mask}
	for i, t := range tokens {
		if c.addedFile == addedTokensFile && slices.Contains(names, t.Content) {
			tokens[i].Special, tokens[i].Normalized = true, false
		}
	}
	return tokens
}

// agree refuses a tokenizer_config.json that contradicts tokenizer.json. transformers follows the
// former, every other program the latter.
func (c *tokenizerConfig) agree(v *vocabulary) error {
	if v.stages != nil {
		return c.agreeOnSpace(v.stages)
	}
	if v.sequence {
		return nil // transformers does not change a Sequence
	}
	for _, s := range []struct {
		key  string
		want bool
	}{
		{"do_lower_case", !v.opts.Cased},
		{"tokenize_chinese_chars", !v.opts.JoinCJK},
	} {
		if got := c.o.boolean(s.key, s.want); got != s.want {
			c.o.fail(s.key, "it is %v, but the normalizer in %s has %v; make them agree", got, tokenizerFile, s.want)
		}
	}
	if strip := c.o.tristate("strip_accents"); strip != nil && *strip != v.opts.StripsAccents() {
		c.o.fail("strip_accents", "it is %v, but the normalizer in %s says otherwise; make them agree", *strip, tokenizerFile)
	}
	if c.o.err != nil {
		return fmt.Errorf("two files disagree: %w", c.o.err)
	}
	return nil
}

// agreeOnSpace refuses an add_prefix_space that contradicts that of a ByteLevel which cuts text by
// itself. transformers puts it in that place.
func (c *tokenizerConfig) agreeOnSpace(s *stages) error {
	if len(s.preTokenizers) != 1 || s.sequence {
		return nil
	}
	b, ok := s.preTokenizers[0].(tokenizer.ByteLevel)
	if !ok {
		return nil
	}
	if got := c.o.boolean("add_prefix_space", b.AddPrefixSpace); got != b.AddPrefixSpace {
		c.o.fail("add_prefix_space", "it is %v, but the pre_tokenizer in %s has %v; make them agree", got, tokenizerFile, b.AddPrefixSpace)
	}
	if c.o.err != nil {
		return fmt.Errorf("two files disagree: %w", c.o.err)
	}
	return nil
}

// agreeOnAffixes refuses an add_bos_token or add_eos_token that contradicts the special tokens of
// tokenizer.json. The classes of Llama's and Gemma's tokenizers make those anew.
func (c *tokenizerConfig) agreeOnAffixes(v *vocabulary) error {
	class := c.o.str("tokenizer_class", "")
	if !strings.HasPrefix(class, "Llama") && !strings.HasPrefix(class, "Gemma") {
		return nil
	}
	for _, s := range []struct {
		key      string
		fallback bool
		tokens   []int32
	}{{"add_bos_token", true, v.single.head}, {"add_eos_token", false, v.single.tail}} {
		if got := c.o.boolean(s.key, s.fallback); got != (len(s.tokens) > 0) {
			return fmt.Errorf("two files disagree: %w", c.o.fault(s.key, c.o.members[s.key], fmt.Errorf("it is %v for a %s, but the post_processor "+
				"in %s says otherwise; make them agree", got, class, tokenizerFile)))
		}
	}
	return nil
}
