package compose_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/throughline/throughline"

// source is a Go file of the repository, parsed.
type source struct {
	path string // from the root, with slashes
	test bool
	gen  bool
	text string
	file *ast.File
	set  *token.FileSet
}

func (s source) dir() string { return filepath.ToSlash(filepath.Dir(s.path)) }

func (s source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.set.Position(pos).Line)
}

// repository is every file that people write.
func repository(t *testing.T) []source {
	t.Helper()
	var all []source
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", path)
		all = append(all, source{filepath.ToSlash(rel), strings.HasSuffix(path, "_test.go"), ast.IsGenerated(file), string(text), file, set})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("found %d Go files only: is this the repository?", len(all))
	}
	return all
}

// Dependencies point one way: schemas, then four packages that do not know one another, then compose (architecture.md §1).
func TestImportsPointInward(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	n := 0
	for dec.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		n++
		for _, imported := range p.Imports {
			if why := forbidden(strings.TrimPrefix(p.ImportPath, module+"/"), imported); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
	}
	if n < 15 {
		t.Errorf("go list found %d packages only", n)
	}
}

// owners are the only packages, with what is below them, that may import something.
var owners = []struct {
	imported string
	by       []string
}{
	{"github.com/hamba/avro", []string{"schemas"}},
	{"github.com/spf13/viper", []string{"compose"}},
	{"github.com/spf13/cobra", []string{"compose/cmd"}},
	{"github.com/twmb/franz-go/pkg/kfake", []string{"compose/embedded"}},
	{"github.com/twmb/franz-go/pkg/sr/srfake", []string{"compose/embedded"}},
	{"github.com/ebitengine/purego", []string{"compose/embedded"}},
	{"github.com/cockroachdb/pebble", []string{"projections"}},
	{module + "/compose/embedded", []string{"compose/cmd/dev"}},
}

func forbidden(from, imported string) string {
	for _, o := range owners {
		if under(imported, o.imported) && !slices.ContainsFunc(o.by, func(by string) bool { return under(from, by) }) {
			return "only " + strings.Join(o.by, ", ") + " may"
		}
	}
	inner, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		return ""
	}
	a, b := top(from), top(inner)
	switch {
	case a == b, a == "compose", b == "schemas":
		return ""
	}
	return "only compose may know both " + a + " and " + b
}

func under(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// What is pure knows no clock, no randomness, no I/O. Zones are data: time.LoadLocation is allowed where the name comes from reference data.
func TestPurePackages(t *testing.T) {
	banned := []string{"os", "os/exec", "net", "net/http", "io", "io/fs", "bufio", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "syscall"}
	clocks := []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}
	n := 0
	for _, s := range repository(t) {
		parts := strings.Split(s.path, "/")
		if s.test || len(parts) < 3 || parts[0] != "processors" && parts[0] != "projections" {
			continue
		}
		n++
		for _, i := range s.file.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); slices.Contains(banned, path) {
				t.Errorf("%s: a pure package imports %s", s.at(i.Pos()), path)
			}
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			if sel, ok := node.(*ast.SelectorExpr); ok && isPackage(sel.X, "time") && slices.Contains(clocks, sel.Sel.Name) {
				t.Errorf("%s: a pure package reads the clock: time.%s", s.at(sel.Pos()), sel.Sel.Name)
			}
			if sel, ok := node.(*ast.SelectorExpr); ok && isPackage(sel.X, "kgo") && sel.Sel.Name != "Record" {
				t.Errorf("%s: a pure package may know a record as a value, not kgo.%s", s.at(sel.Pos()), sel.Sel.Name)
			}
			if _, ok := node.(*ast.GoStmt); ok {
				t.Errorf("%s: a pure package starts a goroutine", s.at(node.Pos()))
			}
			return true
		})
	}
	if n < 20 {
		t.Errorf("found %d files of pure packages only", n)
	}
}

func isPackage(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name && id.Obj == nil
}

// Functions are at most 70 lines, files 400; median function length is at most 10.
func TestLengths(t *testing.T) {
	var lengths []int
	for _, s := range repository(t) {
		if s.gen {
			continue
		}
		if n := strings.Count(s.text, "\n"); n > 400 {
			t.Errorf("%s: %d lines, at most 400", s.path, n)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			if n > 70 {
				t.Errorf("%s: %s has %d lines, at most 70", s.at(f.Pos()), f.Name.Name, n)
			}
			if !s.test {
				lengths = append(lengths, n-1) // without the closing brace
			}
		}
	}
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > 10 {
		t.Errorf("the median function has %d lines, at most 10", median)
	}
}

// Every package says in doc.go, in 30 lines at most, which types matter; none is a drawer.
func TestPackages(t *testing.T) {
	docs, packages := map[string]bool{}, map[string]string{}
	drawers := []string{"util", "utils", "common", "base", "helpers", "helper", "misc", "shared", "lib", "pkg", "internal", "mocks"}
	for _, s := range repository(t) {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		if slices.Contains(drawers, name) || slices.Contains(drawers, filepath.Base(s.dir())) {
			t.Errorf("%s: a package named %s says nothing", s.path, name)
		}
		if !s.test {
			packages[s.dir()] = name
		}
		if filepath.Base(s.path) == "doc.go" {
			docs[s.dir()] = true
			if n := strings.Count(s.text, "\n"); n > 30 {
				t.Errorf("%s: %d lines, at most 30", s.path, n)
			}
			if begins := map[bool]string{true: "Command " + filepath.Base(s.dir()) + " ", false: "Package " + name + " "}[name == "main"]; !strings.HasPrefix(s.file.Doc.Text(), begins) {
				t.Errorf("%s: its comment must begin with %q", s.path, begins)
			}
		} else if s.file.Doc != nil && !s.test && !s.gen {
			t.Errorf("%s has a package comment: it belongs in doc.go", s.path)
		}
	}
	for dir, name := range packages {
		if !docs[dir] {
			t.Errorf("package %s in %s has no doc.go", name, dir)
		}
	}
}

// Money and quantities are decimals, never floats: not even for a moment, because the moment is what is forgotten.
func TestNoFloats(t *testing.T) {
	for _, s := range repository(t) {
		if s.test || !slices.Contains([]string{"schemas", "processors", "projections"}, top(s.path)) {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			if id, ok := node.(*ast.Ident); ok && (id.Name == "float32" || id.Name == "float64") {
				t.Errorf("%s: %s", s.at(id.Pos()), id.Name)
			}
			return true
		})
	}
}

// Five nouns and compose: nothing else stands at the top (architecture.md §1).
func TestTopLevel(t *testing.T) {
	allowed := []string{"schemas", "producers", "processors", "sinks", "projections", "compose", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
		"CONTRIBUTING.md", ".ci", ".gitignore"}
	for _, path := range tracked(t) {
		if first := top(path); !slices.Contains(allowed, first) {
			t.Errorf("%s: %s does not belong at the top", path, first)
		}
	}
}

// tracked are the files under version control.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", "..", "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: this is no git checkout, or git is missing: %v", err)
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
}

// Nothing registers itself, nothing is started behind anybody's back, and no error says "failed to".
func TestHabits(t *testing.T) {
	for _, s := range repository(t) {
		for _, i := range s.file.Imports {
			if i.Name != nil && i.Name.Name == "_" && i.Path.Value != `"embed"` {
				t.Errorf("%s: blank import of %s", s.at(i.Pos()), i.Path.Value)
			}
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch x := node.(type) {
			case *ast.FuncDecl:
				if x.Name.Name == "init" && x.Recv == nil {
					t.Errorf("%s: init()", s.at(x.Pos()))
				}
				checkContextFirst(t, s, x)
			case *ast.BasicLit:
				if !s.test && x.Kind == token.STRING && strings.Contains(strings.ToLower(x.Value), "failed to ") {
					t.Errorf("%s: says %q: wrap with a gerund or a noun", s.at(x.Pos()), "failed to")
				}
			case *ast.ForStmt:
				return !s.test // a loop that sleeps polls
			case *ast.SelectorExpr:
				if s.test && isPackage(x.X, "time") && x.Sel.Name == "Sleep" && !strings.Contains(s.text, "testing/synctest") {
					t.Errorf("%s: time.Sleep in a test: poll a condition", s.at(x.Pos()))
				}
			}
			return true
		})
	}
}

func checkContextFirst(t *testing.T, s source, f *ast.FuncDecl) {
	if s.test {
		return
	}
	for i, p := range f.Type.Params.List {
		if sel, ok := p.Type.(*ast.SelectorExpr); ok && i > 0 && isPackage(sel.X, "context") && sel.Sel.Name == "Context" {
			t.Errorf("%s: %s takes its context after something else", s.at(p.Pos()), f.Name.Name)
		}
	}
}

// No file names the machine that it was written on, or leaves work undone.
func TestNoLeftovers(t *testing.T) {
	marks := []string{"/wo" + "rk/", "/ro" + "ot/", "TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	for _, path := range tracked(t) {
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
		if err != nil || strings.Contains(path, "testdata/") || strings.ContainsRune(string(text[:min(len(text), 512)]), 0) {
			continue // deleted but not committed yet, data, or binary
		}
		for n, line := range strings.Split(string(text), "\n") {
			for _, mark := range marks {
				if strings.Contains(line, mark) {
					t.Errorf("%s:%d: says %q", path, n+1, mark)
				}
			}
		}
	}
}

// The rule about imports bites.
func TestForbiddenImports(t *testing.T) {
	for _, c := range []struct {
		from, imported string
		allowed        bool
	}{
		{"processors/finance", module + "/schemas", true},
		{"processors/finance", module + "/processors", true},
		{"compose/audit", module + "/sinks", true},
		{"processors/finance", module + "/projections", false},
		{"schemas", module + "/producers", false},
		{"sinks", module + "/compose", false},
		{"compose", module + "/compose/embedded", false},
		{"compose/cmd/dev", module + "/compose/embedded", true},
		{"sinks", "github.com/hamba/avro/v2", false},
		{"producers/simulate", "github.com/spf13/viper", false},
	} {
		if why := forbidden(c.from, c.imported); (why == "") != c.allowed {
			t.Errorf("%s importing %s: allowed is not %v (%s)", c.from, c.imported, c.allowed, why)
		}
	}
}
