package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	mdLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdHeading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinksOfPages follows every link between the project's pages, to the heading if it names one.
func TestLinksOfPages(t *testing.T) {
	root := filepath.Join("..", "..")
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "experiments/results/README.md", "deploy/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	if len(pages) < 10 {
		t.Fatalf("only %d pages found: %v", len(pages), pages)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mdLink.FindAllStringSubmatch(string(text), -1) {
			if why := brokenLink(page, m[1]); why != "" {
				t.Errorf("%s: link %s: %s", page, m[1], why)
			}
		}
	}
}

// brokenLink says what is wrong with a link of a page; "" is nothing. Links to other sites are not
// followed.
func brokenLink(page, link string) string {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return ""
	}
	file, heading, _ := strings.Cut(link, "#")
	target := page
	if file != "" {
		target = filepath.Join(filepath.Dir(page), file)
	}
	text, err := os.ReadFile(target)
	switch info, statErr := os.Stat(target); {
	case statErr != nil:
		return "no such file"
	case info.IsDir() || heading == "":
		return ""
	case err != nil:
		return err.Error()
	}
	for _, m := range mdHeading.FindAllStringSubmatch(string(text), -1) {
		if slug(m[1]) == heading {
			return ""
		}
	}
	return "no such heading"
}

// slug is the name that a heading has in links, as GitHub makes it.
func slug(heading string) string {
	heading = notInSlug.ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(strings.TrimSpace(heading), " ", "-")
}
