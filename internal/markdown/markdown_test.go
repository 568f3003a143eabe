package markdown

import "testing"

func TestTextFromOutside(t *testing.T) {
	for _, c := range []struct{ in, text, code string }{
		{"01_plain", "01_plain", "`01_plain`"},
		{"a|b\nc", `a\|b c`, "`a\\|b c`"},
		{"<script>", `\<script>`, "`<script>`"},
		{"a`b``c", "a\\`b\\`\\`c", "``` a`b``c ```"},
		{"bell\a", "bell", "`bell`"},
		{`back\slash \[`, `back\\slash \\\[`, "`back\\slash \\[`"},
		{"", "", ""},
	} {
		if got := Text(c.in); got != c.text {
			t.Errorf("Text(%q) is %s, want %s", c.in, got, c.text)
		}
		if got := Code(c.in); got != c.code {
			t.Errorf("Code(%q) is %s, want %s", c.in, got, c.code)
		}
	}
}

// What Text escaped, Plain gives back.
func TestPlain(t *testing.T) {
	for _, s := range []string{"plain", `\`, `\\`, "`*<|[", `a\*b`, "**bold** is", `\é`, ""} {
		if got := Plain(Text(s)); got != s {
			t.Errorf("of %q it makes %q", s, got)
		}
	}
	if got := Plain(`**bold** \é \`); got != `**bold** \é \` {
		t.Errorf("what is not escaped becomes %q", got)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a|b", `\|`, "`a``b`", "line\nbreak", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for what, safe := range map[string]string{"text": Text(s), "code": Code(s)} {
			for i, r := range safe {
				switch {
				case r == '\n' || r == '\r':
					t.Errorf("%s of %q has more than one line: %q", what, s, safe)
				case r == '|' && (i == 0 || safe[i-1] != '\\'):
					t.Errorf("%s of %q ends a table's cell: %q", what, s, safe)
				}
			}
		}
		if got := Plain(Text(s)); len([]rune(got)) <= longest && got != oneLine(s) {
			t.Errorf("of %q it makes %q", s, got)
		}
	})
}

func TestLinks(t *testing.T) {
	for _, c := range []struct{ title, path, want string }{
		{"report", "01_engine_results.md", "[report](01_engine_results.md)"},
		{"a|b", "charts/a b/c|d.svg", `[a\|b](charts/a%20b/c%7Cd.svg)`},
		{"[x]", "f(1).md", `[\[x]](f%281%29.md)`},
	} {
		if got := Link(c.title, c.path); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		if got := Image(c.title, c.path); got != "!"+c.want {
			t.Errorf("as an image it is %s", got)
		}
	}
}

func TestPage(t *testing.T) {
	var p Page
	p.Para("# %s", "Title")
	p.Header("Name", "A long one")
	p.Row("x", "1")
	p.Line("")
	p.Line("")
	const want = "# Title\n\n| Name | A long one |\n|------|------------|\n| x | 1 |\n"
	for range 2 { // looking does not change it
		if got := string(p.Bytes()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
