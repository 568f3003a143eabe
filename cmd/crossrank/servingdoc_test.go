package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/config"
)

// TestServingPageHasEverySetting holds the table of docs/serving.md to the schema: every key of the
// server's section, with its default and its meaning.
func TestServingPageHasEverySetting(t *testing.T) {
	page, err := os.ReadFile("../../docs/serving.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range config.Default().Keys() {
		name, ok := strings.CutPrefix(key.Path, "server.")
		if !ok {
			continue
		}
		value := "`" + key.Value + "`"
		if key.Value == `""` || strings.HasPrefix(key.Value, "[") {
			value = "–"
		}
		if row := fmt.Sprintf("| `%s` | %s | %s |\n", name, value, key.Help); !strings.Contains(string(page), row) {
			t.Errorf("docs/serving.md lacks the row\n%s", row)
		}
	}
}
