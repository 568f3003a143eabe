package importtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/crossrank/crossrank"

// TestImports checks every import of every source file against the table.
func TestImports(t *testing.T) {
	rows := byName(t)
	missing := map[string]bool{}
	for _, imp := range sources(t) {
		row, ok := rows[imp.from]
		if !ok {
			if !missing[imp.from] {
				t.Errorf("package %s is not in the table; add a row for it, below everything that it imports", imp.from)
			}
			missing[imp.from] = true
			continue
		}
		switch own, isOwn := ownName(imp.path); {
		case imp.path == "C":
			t.Errorf("%s: cgo is not used in this project", imp.at)
		case isOwn && !row.any && imp.test && !mayTest(rows, row, own):
			t.Errorf("%s: tests of %s may not import %s: it is neither below that package nor one of the test helpers %v",
				imp.at, imp.from, own, testHelpers)
		case isOwn && !row.any && !imp.test && !slices.Contains(row.imports, own):
			t.Errorf("%s: %s may not import %s, only %v", imp.at, imp.from, own, row.imports)
		case !isOwn && isExternal(imp.path) && !hasPrefix(imp.path, row.external) && !(imp.test && mayTestWith(rows, row, imp.path)):
			t.Errorf("%s: %s may not use %s; of other modules it may use only %v", imp.at, imp.from, imp.path, row.external)
		}
	}
}

// TestTableIsTrue finds rows of packages that no longer exist, and permissions that are not used.
func TestTableIsTrue(t *testing.T) {
	used := map[string][]string{} // by package, what its files import, those of tests aside
	for _, imp := range sources(t) {
		if !imp.test {
			used[imp.from] = append(used[imp.from], imp.path)
		}
	}
	for _, row := range table {
		if used[row.name] == nil {
			t.Errorf("the table has a row for %s, which has no Go files", row.name)
			continue
		}
		for _, own := range row.imports {
			if !slices.Contains(used[row.name], importPath(own)) {
				t.Errorf("the table lets %s import %s, which it does not", row.name, own)
			}
		}
		for _, module := range row.external {
			if !slices.ContainsFunc(used[row.name], func(p string) bool { return hasPrefix(p, []string{module}) }) {
				t.Errorf("the table lets %s use %s, which it does not", row.name, module)
			}
		}
	}
}

// TestArrowsPointDown holds that a row names only packages in rows before it, so that the table has
// no cycle.
func TestArrowsPointDown(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range table {
		for _, own := range row.imports {
			if !seen[own] {
				t.Errorf("%s imports %s, which does not stand above it in the table", row.name, own)
			}
		}
		seen[row.name] = true
	}
}

// TestTheProgramDrivesNoBrowser: only tests and tools look at pages, so that the program is smaller
// by a browser's driver.
func TestTheProgramDrivesNoBrowser(t *testing.T) {
	for _, imp := range sources(t) {
		if own, isOwn := ownName(imp.path); isOwn && own == "internal/browser" && !imp.test && !strings.HasPrefix(imp.from, "internal/tools/") {
			t.Errorf("%s: %s imports %s; that is for tests and tools", imp.at, imp.from, own)
		}
	}
}

// TestMeasuringCannotReachTheEngine: what measures cannot lean on what it measures, not even
// through another package.
func TestMeasuringCannotReachTheEngine(t *testing.T) {
	rows := byName(t)
	for _, measuring := range []string{"internal/load", "internal/experiment", "internal/compare", "internal/report"} {
		row, ok := rows[measuring]
		if !ok {
			t.Errorf("%s is not in the table", measuring)
			continue
		}
		for _, engine := range []string{"internal/kernel", "internal/native", "internal/backend", "internal/pipeline", "local"} {
			if reaches(rows, row, engine) {
				t.Errorf("%s can reach %s", measuring, engine)
			}
		}
	}
}

// TestArchitecturePage holds that ARCHITECTURE.md shows this table: the same packages with the same
// imports. Its rows are
//
//	| `package` | duty | `import`, `import` |
func TestArchitecturePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(moduleRoot(t), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 5 && strings.HasPrefix(cells[1], " `") {
			shown[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[3])
		}
	}
	for _, row := range table {
		if got, want := shown[row.name], row.cell(); got != want {
			t.Errorf("ARCHITECTURE.md says that %s imports %q, the table says %q", row.name, got, want)
		}
		delete(shown, row.name)
	}
	for name := range shown {
		t.Errorf("ARCHITECTURE.md has a row for %s, the table has none", name)
	}
}

// mayTest says whether a test of row's package may import own: the package itself, whatever lies
// below it however indirectly, the helpers made for tests, and what the row allows its tests
// besides.
func mayTest(rows map[string]row, r row, own string) bool {
	return own == r.name || slices.Contains(testHelpers, own) || slices.Contains(r.tests, own) || reaches(rows, r, own)
}

// reaches says whether r's package imports target, directly or through others.
func reaches(rows map[string]row, r row, target string) bool {
	for _, own := range r.imports {
		if own == target || reaches(rows, rows[own], target) {
			return true
		}
	}
	return false
}

// mayTestWith says whether a test of r's package may use another module: what the packages below it
// use, and testscript.
func mayTestWith(rows map[string]row, r row, path string) bool {
	return hasPrefix(path, []string{"github.com/rogpeppe/go-internal", "github.com/santhosh-tekuri/jsonschema"}) ||
		r.any && slices.ContainsFunc(table, func(any row) bool { return hasPrefix(path, any.external) }) ||
		slices.ContainsFunc(r.imports, func(own string) bool {
			return hasPrefix(path, rows[own].external) || mayTestWith(rows, rows[own], path)
		})
}

// ownName turns an import path of this module into the name that the table uses.
func ownName(path string) (name string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// importPath is the inverse of ownName.
func importPath(name string) string {
	if name == "." {
		return module
	}
	return module + "/" + name
}

// isExternal says whether an import path is of another module: its first element has a dot.
func isExternal(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

func hasPrefix(path string, modules []string) bool {
	return slices.ContainsFunc(modules, func(m string) bool {
		return path == m || strings.HasPrefix(path, m+"/")
	})
}

func byName(t *testing.T) map[string]row {
	t.Helper()
	rows := map[string]row{}
	for _, r := range table {
		if _, twice := rows[r.name]; twice {
			t.Errorf("%s has two rows in the table", r.name)
		}
		rows[r.name] = r
	}
	return rows
}

// TestWhereToLook: every file that ARCHITECTURE.md points at exists.
func TestWhereToLook(t *testing.T) {
	root := moduleRoot(t)
	page, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile("`([a-z_/0-9]+\\.(go|s))`").FindAllStringSubmatch(string(page), -1)
	if len(files) < 15 {
		t.Fatalf("found %d files on the page, want at least 15", len(files))
	}
	for _, m := range files {
		if strings.Contains(m[1], "/") {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Error(err)
			}
		}
	}
}
