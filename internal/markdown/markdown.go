// Package markdown writes the Markdown of reports: lines, paragraphs and tables, and texts from
// outside made safe in them.
//
// Names of models, messages of servers and values of settings come from results files. They go
// through [Text] where they are in a line or in a table's cell, and through [Code] where they are
// to be a code span.
package markdown

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// Page is a document that is being written. The zero value is empty.
type Page struct{ buf bytes.Buffer }

// Line writes one line.
func (p *Page) Line(format string, args ...any) { fmt.Fprintf(&p.buf, format+"\n", args...) }

// Para writes a line with an empty one behind it.
func (p *Page) Para(format string, args ...any) { p.Line(format+"\n", args...) }

// Header writes the head of a table, its rule as wide as its names.
func (p *Page) Header(names ...string) {
	p.Row(names...)
	for _, n := range names {
		p.buf.WriteString("|" + strings.Repeat("-", len(n)+2))
	}
	p.Line("|")
}

// Row writes a row of a table. The cells are Markdown.
func (p *Page) Row(cells ...string) { p.Line("| %s |", strings.Join(cells, " | ")) }

// Bytes is the document, with one line's end at its end.
func (p *Page) Bytes() []byte {
	return append(bytes.TrimRight(bytes.Clone(p.buf.Bytes()), "\n"), '\n')
}

// special are the characters that [Text] escapes.
const special = "\\`*<|["

// Text makes a text from outside safe in a line or in a table's cell.
func Text(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Plain undoes what Text escaped.
func Plain(s string) string {
	var b strings.Builder
	escaped := false
	for _, r := range s {
		if escaped && !strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		if escaped = r == '\\' && !escaped; !escaped {
			b.WriteRune(r)
		}
	}
	if escaped {
		b.WriteByte('\\')
	}
	return b.String()
}

// Code makes a text from outside a code span, safe in a table's cell too. Of an empty text it is
// empty.
func Code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "\\|")
	switch {
	case s == "":
		return ""
	case !strings.Contains(s, "`"):
		return "`" + s + "`"
	}
	fence := "``"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + " " + s + " " + fence
}

// Link leads to a file by its path from the page.
func Link(title, path string) string {
	return fmt.Sprintf("[%s](%s)", Text(title), (&url.URL{Path: path}).EscapedPath())
}

// Image shows a file by its path from the page.
func Image(title, path string) string { return "!" + Link(title, path) }

// longest bounds a text from outside, in characters.
const longest = 1000

// oneLine joins the lines of s, drops what cannot be printed and bounds its length.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "…"
	}
	return s
}
