package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// topicReader reads the topics of TREC: between <top> and </top>, the fields <num> and <title>, and
// others that are skipped. A title is the text of a query.
type topicReader struct {
	inside bool
	field  string // in which text continues
	num    string
	title  []string
	add    func(Text) error
}

// line reads one line.
func (t *topicReader) line(line []byte, _ int) error {
	text := strings.TrimSpace(string(line))
	if !strings.HasPrefix(text, "<") {
		t.text(text)
		return nil
	}
	tag, rest, closed := strings.Cut(text[1:], ">")
	if !closed {
		return fmt.Errorf("the tag <%s has no end", tag)
	}
	switch tag = strings.ToLower(tag); {
	case tag == "top":
		if t.inside {
			return errors.New("a topic begins within another: </top> is missing before it")
		}
		*t = topicReader{inside: true, add: t.add}
	case !t.inside && strings.HasPrefix(tag, "?xml"):
	case !t.inside:
		return fmt.Errorf("a topic must begin with <top>, not <%s>; give queries of another format as lines of an id, a tab and a text", tag)
	case tag == "/top":
		return t.end()
	default:
		t.field = strings.TrimPrefix(tag, "/")
		t.text(rest)
	}
	return nil
}

// text adds to the field that has begun, up to a tag that closes it.
func (t *topicReader) text(text string) {
	text, _, _ = strings.Cut(text, "</")
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	switch t.field {
	case "num":
		t.num = strings.TrimSpace(strings.TrimPrefix(text, "Number:"))
	case "title":
		t.title = append(t.title, strings.TrimSpace(strings.TrimPrefix(text, "Topic:")))
	}
}

// end ends a topic.
func (t *topicReader) end() error {
	t.inside = false
	switch {
	case t.num == "":
		return errors.New("the topic that ends here has no <num>")
	case len(t.title) == 0:
		return fmt.Errorf("topic %s has no <title>", t.num)
	}
	return t.add(Text{t.num, strings.Join(t.title, " ")})
}
