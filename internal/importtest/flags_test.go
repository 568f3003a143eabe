package importtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// flagInText finds the name of a flag in a message. A bare "--config", an argument of a process, is
// none.
var flagInText = regexp.MustCompile(`\s--[a-z][a-z-]+|^--[a-z][a-z-]+[ :]`)

// advice are messages that name a shell command with its flags.
var advice = []string{
	"crossrank report --all", // how a page was made
}

// TestFlagsAreNamedInCmdOnly holds that no package below cmd names a flag in what it says: it names
// a setting or a field, and cmd knows the flag, the variable or the line that gave its value.
func TestFlagsAreNamedInCmdOnly(t *testing.T) {
	files := token.NewFileSet()
	for _, top := range []string{"../../client", "../../local", "../../internal"} {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if entry != nil && entry.IsDir() && (entry.Name() == "tools" || entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), "_")) {
				return fs.SkipDir
			}
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if text := flagIn(n); text != "" {
					t.Errorf("%s: %q names a flag; name the setting, and have cmd add the flag", files.Position(n.Pos()), text)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// flagIn gives the text of a string literal that names a flag, or nothing.
func flagIn(n ast.Node) string {
	literal, ok := n.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil || !flagInText.MatchString(text) {
		return ""
	}
	for _, ok := range advice {
		if strings.Contains(text, ok) {
			return ""
		}
	}
	return text
}

// TestFlagIn has the rule find flags in messages, and nothing else.
func TestFlagIn(t *testing.T) {
	for text, found := range map[string]bool{
		"TLS needs both --tls-cert and --tls-key": true, "--http-addr %s: %w": true, "give --insecure-no-auth": true,
		"--config": false, "{--k:#0072b2}": false, "a -- b": false,
	} {
		if got := flagIn(&ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(text)}) != ""; got != found {
			t.Errorf("%q: found %v, want %v", text, got, found)
		}
	}
}
