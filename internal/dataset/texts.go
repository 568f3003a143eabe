package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// eachText calls f with every document or query of a file, whose first byte says its format.
func eachText(path string, sum hash.Hash, queries bool, f func(Text) error) error {
	var read func(line []byte, number int) error
	topics := &topicReader{add: f}
	n := 0
	err := eachLine(path, sum, func(line []byte, number int) error {
		if n++; n == 1 {
			switch first := bytes.TrimSpace(line)[0]; {
			case first == '<' && queries:
				read = topics.line
			case first == '<':
				return errors.New(`documents must be JSON objects with "id" and "text", or an id, a tab and a text per line, not markup`)
			case first == '{' || strings.HasSuffix(path, ".jsonl"):
				read = func(line []byte, _ int) error { return each(parseText, line, f) }
			default:
				read = func(line []byte, _ int) error { return each(parseTab, line, f) }
			}
		}
		return read(line, number)
	})
	switch {
	case err != nil:
		return err
	case n == 0:
		return fmt.Errorf("%s is empty", path)
	case topics.inside:
		return fmt.Errorf("%s ends within a topic: </top> is missing", path)
	}
	return nil
}

// each calls f with what a line holds.
func each(parse func([]byte) (Text, error), line []byte, f func(Text) error) error {
	t, err := parse(line)
	if err != nil {
		return err
	}
	return f(t)
}

func parseText(line []byte) (Text, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return Text{}, fmt.Errorf("reading JSON: %w", err)
	}
	id := "id"
	if _, beir := members["_id"]; beir {
		id = "_id"
	}
	var t Text
	var title string
	for _, m := range []struct {
		key    string
		dst    *string
		needed bool
	}{{id, &t.ID, true}, {"text", &t.Text, true}, {"title", &title, false}} {
		raw, ok := members[m.key]
		switch {
		case !ok && m.needed:
			return Text{}, fmt.Errorf("%q is missing", m.key)
		case !ok || bytes.Equal(raw, []byte("null")) && !m.needed:
		case raw[0] != '"':
			return Text{}, fmt.Errorf("%q must be a string, not %.40s", m.key, raw)
		default:
			if err := json.Unmarshal(raw, m.dst); err != nil {
				return Text{}, fmt.Errorf("reading %q: %w", m.key, err)
			}
		}
	}
	if !strings.HasPrefix(t.Text, title) {
		t.Text = strings.TrimSpace(title + " " + t.Text)
	}
	return t, nil
}

func parseTab(line []byte) (Text, error) {
	id, text, ok := strings.Cut(string(line), "\t")
	if !ok || id == "" {
		return Text{}, errors.New("it must be an id, a tab and a text")
	}
	return Text{id, text}, nil
}
