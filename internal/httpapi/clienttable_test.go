package httpapi

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var clientRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`)

// TestClientTable holds the table of clients in docs/api.md: each row names exchanges that succeed,
// or clients that run in test/clients; and no such client is left out.
func TestClientTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Your client\n")
	section, _, _ = strings.Cut(section, "\n## ")
	sdks, err := os.ReadFile("../../test/clients/sdks.mjs")
	if err != nil {
		t.Fatal(err)
	}
	rows := clientRow.FindAllStringSubmatch(section, -1)
	if len(rows) < 25 {
		t.Fatalf("there are only %d rows", len(rows))
	}
	listed := map[string]bool{}
	for _, row := range rows[1:] { // without the heading
		for name := range strings.SplitSeq(row[3], ", ") {
			listed[name] = true
			if program, ok := strings.CutPrefix(strings.TrimSuffix(name, "`"), "`"); ok {
				if _, err := os.Stat("../../test/clients/" + program); err != nil {
					t.Errorf("%s: %v", row[1], err)
				}
			} else if !regexp.MustCompile(`(?m)^  "?`+regexp.QuoteMeta(name)+`"?:`).Match(sdks) && !succeeds(t, name) {
				t.Errorf("%s: %s is neither a client nor an exchange", row[1], name)
			}
		}
	}
	for _, client := range regexp.MustCompile(`(?m)^  ("[^"]+"|\w+): (?:async|v)`).FindAllStringSubmatch(string(sdks), -1) {
		if name := strings.Trim(client[1], `"`); !listed[name] && name != "cohere-ai's models" {
			t.Errorf("%s runs, and is not in the table", name)
		}
	}
}

// succeeds reports whether there is an exchange of a name, with status 200.
func succeeds(t *testing.T, name string) bool {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/exchange/" + name + ".txtar")
	return err == nil && len(archive.Files) == 2 && bytes.HasPrefix(archive.Files[1].Data, []byte("200\n"))
}
