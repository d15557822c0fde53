package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "bioincident/"

// rule says which packages alone may import a path (a prefix), or select a name.
type rule struct {
	prefix string
	only   []string
	why    string
}

func importRules() []rule {
	return []rule{
		{"gorm.io/", []string{"internal/store"}, "only store speaks to a database"},
		{"github.com/glebarez/", []string{"internal/store"}, "only store speaks to a database"},
		{"github.com/jackc/pgx", []string{"internal/store", "internal/load"}, "only store speaks to the database; load measures search against another"},
		{"github.com/pressly/goose", []string{"internal/store"}, "only store migrates"},
		{"github.com/blevesearch/", []string{"search"}, "only search knows the word index"},
		{"github.com/casbin/", []string{"policies"}, "only policies decides"},
		{"github.com/gin-gonic/", []string{"internal/httpd", "api", "internal/web"}, "only the surfaces speak HTTP through gin"},
		{"github.com/evanw/esbuild", []string{"internal/web/design/bundle"}, "assets are built beforehand: the binary carries no bundler"},
		{"modernc.org/sqlite", nil, "two SQLite drivers in one binary panic at start"},
		{module + "internal/testkit", []string{"internal/testkit"}, "test helpers are never in production code"},
		{module + "internal/app", []string{"cmd/bid", "internal/testkit"}, "app is built once, at the top"},
	}
}

// walls says which packages of ours a package must not import.
func walls() map[string][]string {
	surfaces := []string{"internal/store", "search", "internal/follow"}
	return map[string][]string{
		"api":                 surfaces,
		"internal/web":        surfaces,
		"internal/catalog":    {"internal/workflow"},
		"internal/web/design": append(surfaces, "internal/workflow", "internal/catalog", "policies"),
		"search":              {"internal/store", "internal/workflow", "internal/catalog"},
		"policies":            {"internal/store", "internal/workflow", "search"},
		"internal/auth":       {"policies", "internal/workflow", "internal/catalog"},
		"internal/incident":   {"internal/identity", "internal/store", "policies", "internal/message"},
		"internal/identity":   {"internal/incident", "internal/store", "policies"},
		"internal/ledger":     {"internal/incident", "internal/identity", "internal/store", "policies"},
		"internal/fault":      {""},
		"schema":              {"internal/incident", "internal/identity", "internal/store", "policies"},
	}
}

// pure packages do no I/O and read no clock.
func pure() []string {
	return []string{"internal/fault", "internal/incident", "internal/identity", "internal/ledger"}
}

func impureImports() []string {
	return []string{"os", "net", "net/http", "database/sql", "log", "log/slog", "os/exec", "math/rand", "math/rand/v2"}
}

type file struct {
	pkg  string // directory, slashes
	name string
	test bool
	tree *ast.File
}

func readFiles(t *testing.T) []file {
	t.Helper()
	root := repositoryRoot(t)
	var files []file
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != root {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		tree, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		files = append(files, file{
			pkg: path.Dir(relative), name: relative, test: strings.HasSuffix(name, "_test.go"), tree: tree,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files were read: the rules would hold of nothing", len(files))
	}
	return files
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

func imports(t *testing.T, f file) []string {
	t.Helper()
	var paths []string
	for _, spec := range f.tree.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

func within(pkg string, dirs []string) bool {
	for _, dir := range dirs {
		if pkg == dir || strings.HasPrefix(pkg, dir+"/") {
			return true
		}
	}
	return false
}

// breach tells why a file may not import a path, or gives "".
func breach(f file, imported string) string {
	for _, r := range importRules() {
		if strings.HasPrefix(imported, r.prefix) && !within(f.pkg, r.only) {
			return r.why
		}
	}
	for _, wall := range walls()[f.pkg] {
		own := module + wall
		if imported == own || wall == "" && strings.HasPrefix(imported, module) {
			return "a wall stands between " + f.pkg + " and " + imported
		}
	}
	if within(f.pkg, pure()) {
		for _, impure := range impureImports() {
			if imported == impure {
				return f.pkg + " is pure"
			}
		}
	}
	return ""
}

func TestImportRules(t *testing.T) {
	for _, f := range readFiles(t) {
		if f.test {
			continue
		}
		for _, imported := range imports(t, f) {
			if why := breach(f, imported); why != "" {
				t.Errorf("%s imports %s: %s", f.name, imported, why)
			}
		}
	}
}

func TestImportRulesNotice(t *testing.T) {
	for _, planted := range []struct{ pkg, imported string }{
		{"internal/workflow", "gorm.io/gorm"},
		{"api", module + "internal/store"},
		{"api", module + "search"},
		{"internal/incident", "os"},
		{"internal/catalog", "github.com/blevesearch/bleve/v2"},
		{"internal/workflow", "github.com/casbin/casbin/v2"},
		{"internal/fault", module + "schema"},
		{"internal/workflow", module + "internal/testkit"},
	} {
		if breach(file{pkg: planted.pkg}, planted.imported) == "" {
			t.Errorf("%s may import %s: the rule notices nothing", planted.pkg, planted.imported)
		}
	}
}

// contentReads are the methods of a transaction that give contents.
func contentReads() []string { return []string{"Content", "Contents", "EditionContent"} }

// Content is what readers must never get past the views: only workflow loads it (store gives it, and checks its hashes
// when the ledger is verified).
func TestOnlyWorkflowLoadsContent(t *testing.T) {
	seen := 0
	for _, f := range readFiles(t) {
		if f.test || f.pkg == "internal/store" {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(contentReads(), selector.Sel.Name) {
				return true
			}
			if f.pkg == "internal/workflow" {
				seen++
				return true
			}
			if receiver, ok := selector.X.(*ast.Ident); ok && receiver.Name == "tx" {
				t.Errorf("%s loads content: only workflow may", f.name)
			}
			return true
		})
	}
	if seen == 0 {
		t.Error("workflow loads no content: the test looks for the wrong name")
	}
}

// Time is injected: only app, the command and tests read the clock.
func TestNobodyReadsTheClock(t *testing.T) {
	for _, f := range readFiles(t) {
		if f.test || within(f.pkg, []string{"internal/app", "internal/testkit", "cmd/bid"}) {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "Now" {
				return true
			}
			if from, ok := selector.X.(*ast.Ident); ok && from.Name == "time" {
				t.Errorf("%s reads the clock", f.name)
			}
			return true
		})
	}
}

func TestNoInitFunctions(t *testing.T) {
	for _, f := range readFiles(t) {
		for _, decl := range f.tree.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !f.test {
				t.Errorf("%s has an init function", f.name)
			}
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range readFiles(t) {
		if f.test {
			continue
		}
		documented[f.pkg] = documented[f.pkg] || f.tree.Doc != nil
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}
