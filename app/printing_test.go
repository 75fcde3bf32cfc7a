package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tools are programs that print figures of their own, and nothing that a shop holds.
var tools = []string{
	"assets/build", "e2e/...", "web/channel/loadtest", "web/channel/conformance/...", "app/postgres/pgtest",
}

// TestOnlyTheConsolePrints holds the programs to package console: whatever else prints would let an
// escape in the name of a product through. Only main knows where a program's output goes.
func TestOnlyTheConsolePrints(t *testing.T) {
	checked := 0
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" ||
			len(d.Name()) > 2 && d.Name()[0] == '.'):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel("..", file)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		for _, room := range append(tools, "cmd/console") {
			if within(pkg, room) {
				return nil
			}
		}
		checked++
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		for _, found := range printing(parsed, strings.HasPrefix(pkg, "cmd/")) {
			t.Errorf("%s uses %s: print by package console", rel, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Errorf("only %d files were found to check", checked)
	}
}

// TestPrintingIsFound breaks the rule in each way.
func TestPrintingIsFound(t *testing.T) {
	for source, want := range map[string]int{
		`import "fmt"; func f() { fmt.Println(1) }`:                                    1,
		`import "fmt"; func f() { fmt.Printf("%s") }`:                                  1,
		`import "fmt"; import "os"; func f() { fmt.Fprintf(os.Stderr, "") }`:           2,
		`import "os"; func f() { os.Stdout.WriteString("") }`:                          1,
		`import "os"; func main() { f(os.Stdout, os.Stderr) }`:                         0,
		`import "os"; func (t T) main() { f(os.Stdout) }`:                              1,
		`import o "os"; var out = o.Stdout`:                                            1,
		`func f() { println(1) }`:                                                      1,
		`import "log"; func f() { log.Print(1) }`:                                      1,
		`import "text/tabwriter"; func f() { tabwriter.NewWriter(nil, 0, 0, 0, 0, 0)}`: 1,
		`import "encoding/json"; func f(w W) { json.NewEncoder(w) }`:                   1,
		`import "fmt"; func f() { fmt.Sprintf("%s") }`:                                 0,
	} {
		parsed, err := parser.ParseFile(token.NewFileSet(), "", "package p; "+source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := printing(parsed, true); len(got) != want {
			t.Errorf("%s: found %v, want %d", source, got, want)
		}
	}
}

// printing lists what a file prints by. Commands have nothing to encode to but their console.
func printing(file *ast.File, command bool) (found []string) {
	names := make(map[string]string) // of imported packages
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
		if imported == "log" || command && imported == "text/tabwriter" {
			found = append(found, imported)
		}
	}
	for _, decl := range file.Decls {
		f, isFunc := decl.(*ast.FuncDecl)
		isMain := isFunc && f.Recv == nil && f.Name.Name == "main"
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
					found = append(found, id.Name)
				}
			case *ast.SelectorExpr:
				if of, ok := n.X.(*ast.Ident); ok && prints(names[of.Name], n.Sel.Name, command, isMain) {
					found = append(found, of.Name+"."+n.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}

// prints tells whether a name of a package prints.
func prints(pkg, name string, command, isMain bool) bool {
	switch pkg {
	case "os":
		return (name == "Stdout" || name == "Stderr") && !isMain
	case "fmt":
		return strings.HasPrefix(name, "Print") || command && strings.HasPrefix(name, "Fprint")
	case "encoding/json":
		return command && name == "NewEncoder"
	}
	return false
}
