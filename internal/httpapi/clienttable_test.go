package httpapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// clientTable is the part of docs/api.md that lists clients.
const clientTable = docgen.Part("go test ./internal/httpapi -run TestClientTable -update")

const apiPage = "../../docs/api.md"

// TestClientTable makes the table of clients in docs/api.md from what shows that they work: the
// packages that test/clients runs, and the exchanges with requests of clients.
func TestClientTable(t *testing.T) {
	rows := append(published(t), exchanged(t)...)
	if len(rows) < 50 {
		t.Errorf("there are only %d rows", len(rows))
	}
	var table strings.Builder
	table.WriteString("| client | base URL | shown by |\n|---|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", row.client, strings.Join(row.bases, ", "), strings.Join(row.shown, ", "))
	}
	text, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	made, err := clientTable.In(string(text), table.String())
	if err != nil {
		t.Fatalf("docs/api.md: %v", err)
	}
	if *update {
		if err := os.WriteFile(apiPage, []byte(made), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if made != string(text) {
		t.Errorf("docs/api.md does not list the clients of the tests; %s writes them:\n%s", clientTable, &table)
	}
}

// clientRow is a row of the table.
type clientRow struct {
	client       string
	bases, shown []string
}

// exchanged lists the clients of exchanges, by name.
func exchanged(t *testing.T) (rows []clientRow) {
	t.Helper()
	for _, x := range exchanges(t) {
		if x.client == "" {
			continue
		}
		i := slices.IndexFunc(rows, func(r clientRow) bool { return r.client == x.client })
		if i < 0 {
			i = len(rows)
			rows = append(rows, clientRow{client: x.client})
		}
		row := &rows[i]
		if !slices.Contains(row.bases, x.base) {
			row.bases = append(row.bases, x.base)
		}
		row.shown = append(row.shown, x.name)
	}
	slices.SortFunc(rows, func(a, b clientRow) int {
		return cmp.Compare(strings.ToLower(a.client), strings.ToLower(b.client))
	})
	return rows
}

// sdk is an entry of sdks.mjs: a package, and the path of its base URL.
var sdk = regexp.MustCompile(`(?m)^  "(\S+) at (/\S*)[^"]*":`)

// cohereGo is the line of go.mod with Cohere's SDK for Go.
var cohereGo = regexp.MustCompile(`github\.com/cohere-ai/cohere-go/v2 (v\S+)`)

// published lists the packages that test/clients runs, with their versions.
func published(t *testing.T) (rows []clientRow) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile("../../test/clients/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var npm struct{ Dependencies map[string]string }
	if err := json.Unmarshal([]byte(read("package.json")), &npm); err != nil {
		t.Fatal(err)
	}
	for _, entry := range sdk.FindAllStringSubmatch(read("sdks.mjs"), -1) {
		name, base := entry[1], "`http://HOST"+strings.TrimSuffix(entry[2], "/")+"`"
		if npm.Dependencies[name] == "" {
			t.Errorf("sdks.mjs: package.json has no %s", name)
		}
		client := fmt.Sprintf("npm: `%s` %s", name, npm.Dependencies[name])
		if i := slices.IndexFunc(rows, func(r clientRow) bool { return r.client == client }); i < 0 {
			rows = append(rows, clientRow{client, []string{base}, []string{"`test/clients`"}})
		} else if !slices.Contains(rows[i].bases, base) {
			rows[i].bases = append(rows[i].bases, base)
		}
	}
	slices.SortFunc(rows, func(a, b clientRow) int { return cmp.Compare(a.client, b.client) })
	version := cohereGo.FindStringSubmatch(read("go.mod"))
	if version == nil {
		t.Fatal("go.mod has no SDK of Cohere")
	}
	return append(rows, clientRow{"Go: `cohere-go/v2` " + version[1], []string{"`http://HOST`"}, []string{"`test/clients`"}})
}
