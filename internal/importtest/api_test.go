package importtest

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the record of the public API, testdata/api.txt, anew")

// public are the packages that other programs import.
var public = []string{".", "local", "client"}

// TestPublicAPI holds that the public packages export what the record says. From version 1 on, a
// line that leaves the record breaks programs that use it.
func TestPublicAPI(t *testing.T) {
	const record = "testdata/api.txt"
	var found []string
	for _, dir := range public {
		found = append(found, surface(t, dir)...)
	}
	if *update {
		if err := os.WriteFile(record, []byte(strings.Join(found, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	recorded := strings.Split(strings.TrimSpace(string(content)), "\n")
	for _, line := range recorded {
		if !slices.Contains(found, line) {
			t.Errorf("the API lost or changed %q: programs that use it break", line)
		}
	}
	for _, line := range found {
		if !slices.Contains(recorded, line) {
			t.Errorf("the API gained %q: to promise it, run go test ./internal/importtest -update", line)
		}
	}
}

// TestAliasesNameTheirFields holds that the comment of an exported alias of an internal struct
// lists its exported fields, all and in order: documentation sites show nothing else of them. A
// line of the list is
//
//	Name type // meaning
func TestAliasesNameTheirFields(t *testing.T) {
	aliases := 0
	for _, dir := range public {
		for _, d := range declarations(t, dir) {
			spec, ok := d.node.(*ast.TypeSpec)
			if !ok || !spec.Assign.IsValid() || !spec.Name.IsExported() {
				continue
			}
			aliases++
			var listed []string
			for line := range strings.Lines(d.doc) {
				if entry, ok := strings.CutPrefix(line, "\t"); ok {
					listed = append(listed, strings.Fields(entry)[0])
				}
			}
			var has []string
			target := aliased(t, d.file, spec)
			for _, f := range fieldsOf(target.Type.(*ast.StructType)) {
				name, _, _ := strings.Cut(f, " ")
				has = append(has, name)
			}
			if !slices.Equal(listed, has) {
				t.Errorf("the comment of %s.%s lists the fields\n%v\nit has\n%v", dir, spec.Name, listed, has)
			}
		}
	}
	if aliases < 5 {
		t.Errorf("found %d aliases, want at least 5", aliases)
	}
}

// declaration is one exported or unexported declaration of a package at its top level.
type declaration struct {
	file *ast.File
	node ast.Node // a FuncDecl, TypeSpec or ValueSpec
	doc  string
	kind token.Token // of a GenDecl: CONST, VAR or TYPE
}

// declarations are those of a folder's sources but its tests, in the order of files.
func declarations(t *testing.T, dir string) []declaration {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(moduleRoot(t), dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d Go files (%v)", dir, len(names), err)
	}
	var all []declaration
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok {
				all = append(all, declaration{file: file, node: d})
				continue
			}
			for _, spec := range group.Specs {
				all = append(all, declaration{file, spec, docOf(group, spec), group.Tok})
			}
		}
	}
	return all
}

func docOf(group *ast.GenDecl, spec ast.Spec) string {
	if s, ok := spec.(*ast.TypeSpec); ok && s.Doc != nil {
		return s.Doc.Text()
	}
	return group.Doc.Text()
}

// surface is what a package exports, sorted: a line for each name, field and method.
func surface(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	for _, d := range declarations(t, dir) {
		switch n := d.node.(type) {
		case *ast.FuncDecl:
			lines = append(lines, functionLine(n)...)
		case *ast.ValueSpec:
			for _, name := range n.Names {
				if name.IsExported() {
					lines = append(lines, strings.TrimSpace(d.kind.String()+" "+name.Name+" "+expression(n.Type)))
				}
			}
		case *ast.TypeSpec:
			if n.Name.IsExported() {
				lines = append(lines, typeLines(t, d.file, n)...)
			}
		}
	}
	slices.Sort(lines)
	name := filepath.Base(importPath(dir))
	for i := range lines {
		lines[i] = "pkg " + name + ", " + lines[i]
	}
	return slices.Compact(lines)
}

// functionLine is the line of an exported function, or of a method of an exported type.
func functionLine(f *ast.FuncDecl) []string {
	signature := f.Name.Name + strings.TrimPrefix(expression(f.Type), "func")
	switch {
	case !f.Name.IsExported():
		return nil
	case f.Recv == nil:
		return []string{"func " + signature}
	}
	receiver := expression(f.Recv.List[0].Type)
	if !ast.IsExported(strings.TrimPrefix(receiver, "*")) {
		return nil
	}
	return []string{"method (" + receiver + ") " + signature}
}

// typeLines are the lines of a type: of a struct and of an interface one for each part. Of an alias
// they are those of the fields; its methods are no promise, as package local says.
func typeLines(t *testing.T, file *ast.File, spec *ast.TypeSpec) []string {
	name, lines := spec.Name.Name, []string(nil)
	if spec.Assign.IsValid() {
		spec = aliased(t, file, spec)
	}
	switch kind := spec.Type.(type) {
	case *ast.StructType:
		lines = append(lines, "type "+name+" struct")
		for _, f := range fieldsOf(kind) {
			lines = append(lines, "type "+name+" struct, "+f)
		}
	case *ast.InterfaceType:
		for _, f := range kind.Methods.List {
			lines = append(lines, "type "+name+" interface, "+f.Names[0].Name+strings.TrimPrefix(expression(f.Type), "func"))
		}
	default:
		lines = append(lines, "type "+name+" "+expression(kind))
	}
	return lines
}

// fieldsOf are the exported fields of a struct: name and type.
func fieldsOf(s *ast.StructType) []string {
	var fields []string
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			if name.IsExported() {
				fields = append(fields, name.Name+" "+expression(f.Type))
			}
		}
	}
	return fields
}

// aliased finds the type of this module that an alias is of.
func aliased(t *testing.T, file *ast.File, spec *ast.TypeSpec) *ast.TypeSpec {
	t.Helper()
	of, ok := spec.Type.(*ast.SelectorExpr)
	if !ok {
		t.Fatalf("%s is an alias of %s, not of a type of another package", spec.Name, expression(spec.Type))
	}
	for _, imp := range file.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		dir, own := ownName(path)
		if err != nil || !own || filepath.Base(path) != expression(of.X) {
			continue
		}
		for _, d := range declarations(t, dir) {
			if target, ok := d.node.(*ast.TypeSpec); ok && target.Name.Name == of.Sel.Name {
				return target
			}
		}
	}
	t.Fatalf("%s: %s is not found", spec.Name, expression(spec.Type))
	return nil
}

// expression is the text of an expression, "" for none.
func expression(e ast.Expr) string {
	if e == nil {
		return ""
	}
	return types.ExprString(e)
}
