package httpapi

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the replies that are given into testdata/exchange")

// created is the one value of a reply that is the clock's.
var created = regexp.MustCompile(`"created":[1-9][0-9]{9}`)

// TestExchanges replays whole exchanges: a request as it stands on the wire, and the reply to the
// byte.
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/exchange/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil || len(archive.Files) != 2 {
				t.Fatalf("%d files, want a request and a reply: %v", len(archive.Files), err)
			}
			got := replay(t, archive.Files[0].Data)
			if *update {
				archive.Files[1].Data = got
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if want := archive.Files[1].Data; !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// replay sends the request that is written in a file and writes down its reply.
func replay(t *testing.T, request []byte) []byte {
	t.Helper()
	head, body, _ := bytes.Cut(request, []byte("\n\n"))
	wire := fmt.Sprintf("%s\r\nContent-Length: %d\r\nX-Request-Id: an-id\r\n\r\n%s",
		strings.ReplaceAll(string(head), "\n", "\r\n"), len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		t.Fatalf("the request is not HTTP: %v", err)
	}
	w := httptest.NewRecorder()
	newAPI(&scorer{}).ServeHTTP(w, r)

	var out bytes.Buffer
	fmt.Fprintf(&out, "%d\n", w.Code)
	var names []string
	for name := range w.Header() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name != "Content-Length" { // it would change with created
			fmt.Fprintf(&out, "%s: %s\n", name, w.Header().Get(name))
		}
	}
	fmt.Fprintf(&out, "\n%s", created.ReplaceAll(w.Body.Bytes(), []byte(`"created":0`)))
	return out.Bytes()
}
