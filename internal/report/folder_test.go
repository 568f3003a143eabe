package report

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
)

// readAll reads the results files of a folder, packed or not, in the order of their names.
func readAll(t *testing.T, dir string) []*results.Results {
	t.Helper()
	var all []*results.Results
	for _, pattern := range []string{"*_results.jsonl", "*_results.jsonl.gz"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			res, err := results.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, res)
		}
	}
	slices.SortStableFunc(all, func(a, b *results.Results) int { return strings.Compare(a.Run.Name, b.Run.Name) })
	return all
}

// compareFolder makes everything anew from the results in a folder and holds it against the files
// that lie there.
func compareFolder(t *testing.T, dir string) {
	t.Helper()
	files, err := Folder(readAll(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		made[name] = true
		if *update {
			if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(f.Data, want) {
			t.Errorf("%s is not what the results make; make them anew and look at the difference", name)
		}
	}
	for _, pattern := range []string{"*.md", "*.html", "charts/*/*.svg"} {
		there, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range there {
			if !made[name] {
				t.Errorf("%s is made of no results", name)
			}
		}
	}
}

// The reports that are kept with the project are those of the results beside them, to the byte.
func TestKeptReportsAreThoseOfTheResults(t *testing.T) {
	dir := filepath.Join("..", "..", "experiments", "results")
	found, err := filepath.Glob(filepath.Join(dir, "*_results.jsonl*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Skip("there are no results in experiments/results")
	}
	compareFolder(t, dir)
}

// The same of two experiments that were measured with a tiny model: a sweep with quality, and an
// open loop.
func TestFolderGolden(t *testing.T) { compareFolder(t, filepath.Join("testdata", "folder")) }

// Results that are kept tell of no folder of the machine that measured, nor of any text that was
// sent.
func TestKeptResultsTellNothingOfTheMachinesFolders(t *testing.T) {
	for _, dir := range []string{filepath.Join("..", "..", "experiments", "results"), filepath.Join("testdata", "folder")} {
		for _, res := range readAll(t, dir) {
			texts := append([]string{res.Run.Model.Model, res.Run.Data.Name, string(res.Run.Settings)}, res.Run.CommandLine...)
			for _, s := range texts {
				for _, folder := range []string{"/home/", "/root/", "/tmp/", "/work/", "/Users/", "../"} {
					if strings.Contains(s, folder) {
						t.Errorf("%s: the results tell of %s in %.80q", res.Run.Name, folder, s)
					}
				}
			}
		}
	}
}

// Two results of one experiment would make the same files.
func TestFolderRefusesTwins(t *testing.T) {
	res := resultstest.Sweep("twice", "", 10, 100.0)
	if _, err := Folder([]*results.Results{res, res}); err == nil || !strings.Contains(err.Error(), `"twice"`) {
		t.Errorf("got %v, want an error that names the experiment", err)
	}
	files, err := Folder(nil)
	if err != nil || len(files) != 2 {
		t.Errorf("of no experiments there are %d files, %v; want the overview twice", len(files), err)
	}
}

// What experiments are called comes from files, and becomes neither markup nor a table's cell.
func TestHostileNames(t *testing.T) {
	res := resultstest.Sweep(`a|b <img src=x>`, "model_pool.routing", "<b>", 100.0, "c|d", 300.0)
	res.Run.Description = "</style><script>alert(1)</script>"
	res.Run.Model.Model = "`x` | y"
	files, err := Folder([]*results.Results{res})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		page := string(f.Data)
		switch {
		case strings.HasSuffix(f.Path, ".html") && (strings.Contains(page, "<img") || strings.Contains(page, "<script")):
			t.Errorf("%s has the markup of a name", f.Path)
		case strings.HasSuffix(f.Path, ".md"):
			for line := range strings.SplitSeq(page, "\n") {
				if strings.HasPrefix(line, "|") && strings.Contains(strings.ReplaceAll(line, `\|`, ""), "a|b") {
					t.Errorf("%s: a name breaks the table: %s", f.Path, line)
				}
			}
		}
	}
}
