package checkpoint

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// addedTokensFile has the ids of added tokens, as transformers kept them before they were in
// tokenizer_config.json.
const addedTokensFile = "added_tokens.json"

// readTokenizerConfig reads tokenizer_config.json, and added_tokens.json if the former lists no
// added tokens. Either file may be absent.
func readTokenizerConfig(dir string) (*tokenizerConfig, error) {
	data, err := readFile(dir, tokenizerConfigFile, maxVocabBytes)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = []byte("{}"), nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parseTokenizerConfig(data)
	if err != nil || len(c.added) > 0 {
		return c, err
	}
	o, err := readObject(dir, addedTokensFile)
	if err != nil {
		return nil, err
	}
	for name := range o.members {
		c.added = append(c.added, tokenizer.AddedToken{Content: name, ID: int32(o.size(name, 0, maxVocab-1)), Normalized: true})
	}
	c.addedFile, c.addedField = addedTokensFile, ""
	return c, o.err
}

// specialToken is a token that a class of tokenizers adds, and how it does by default.
type specialToken struct {
	key string // in tokenizer_config.json, which may name another token
	tokenizer.AddedToken
}

// classTokens are the special tokens of a class of tokenizers, and the template that it puts two of
// them in.
type classTokens struct {
	cls, sep specialToken
	others   []specialToken
	pair     func(cls, sep int32) []tokenizer.Part
}

// addTokens adds the added tokens of the files to v, and the special tokens of its class, and sets
// the template. A special token that no file lists has the id of its piece, or the next free id.
func (c *tokenizerConfig) addTokens(v *vocabulary, class classTokens) error {
	v.opts.Added = slices.Clone(c.added)
	for _, s := range class.others {
		c.addSpecial(v, s)
	}
	cls, sep := c.addSpecial(v, class.cls), c.addSpecial(v, class.sep)
	if c.o.err != nil {
		return c.o.err
	}
	v.opts.Pair = class.pair(cls, sep)
	return v.add(c.addedFile, c.addedField, v.opts.Added)
}

func (c *tokenizerConfig) addSpecial(v *vocabulary, s specialToken) (id int32) {
	t := c.special(s)
	i := slices.IndexFunc(v.opts.Added, func(a tokenizer.AddedToken) bool { return a.Content == t.Content })
	if i < 0 {
		if t.ID = int32(slices.Index(v.pieces, t.Content)); t.ID < 0 {
			t.ID = int32(v.size())
		}
		v.opts.Added = append(v.opts.Added, t)
		return t.ID
	}
	t.ID = v.opts.Added[i].ID
	if !v.opts.Added[i].Special { // added_tokens.json has nothing but ids
		v.opts.Added[i] = t
	}
	return t.ID
}

// special reads a special token: its name, or an object that has everything about it.
func (c *tokenizerConfig) special(s specialToken) tokenizer.AddedToken {
	t := s.AddedToken
	if raw, ok := c.o.get(s.key); ok && raw[0] == '{' {
		o := c.o.object(s.key)
		t = parseAdded(o, 0)
		c.o.merge(o)
	} else {
		t.Content = c.o.str(s.key, t.Content)
	}
	t.Special = true
	return t
}
