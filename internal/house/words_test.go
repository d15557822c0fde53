package house

import (
	"encoding/json"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// Every code that can reach a person has words in every language: a code is refused at the place where it is made, when
// it is made with fault.New, Fault.At or as the Code of a finding or reason.
func TestEveryCodeHasWords(t *testing.T) {
	codes := codesInSource(t)
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := incident.NewChecks(sch)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range checks.Rules() {
		codes[code] = "checks.json"
	}
	if len(codes) < 50 {
		t.Fatalf("only %d codes were found: the test looks in the wrong place", len(codes))
	}
	for _, lang := range incident.Languages() {
		words := catalogue(t, lang)
		for code, where := range codes {
			if !words["problem."+code] && !words[code] { // a code may be that of a message itself
				t.Errorf("%s has no words in %s (%s)", code, lang, where)
			}
		}
	}
}

func catalogue(t *testing.T, lang string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repositoryRoot(t), "internal", "message", "catalogue", lang+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]json.RawMessage
	if err := json.Unmarshal(data, &messages); err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for id := range messages {
		words[id] = true
	}
	return words
}

// codesInSource finds codes, area.what, where they are made.
func codesInSource(t *testing.T) map[string]string {
	t.Helper()
	code := regexp.MustCompile(`^[a-z_]+(\.[a-z0-9_]+)+$`)
	found := map[string]string{}
	for _, f := range readFiles(t) {
		if f.test || within(f.pkg, []string{"internal/testkit", "api/gen"}) {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			for _, text := range codeArguments(n) {
				if code.MatchString(text) {
					found[text] = f.name
				}
			}
			return true
		})
	}
	return found
}

// codeArguments gives the string literals at places where a code stands.
func codeArguments(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := calledName(n)
		if slices.Contains([]string{"New", "At", "missing", "reason", "refuse"}, name) && len(n.Args) > 0 {
			return literals(n.Args[:min(len(n.Args), 2)])
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
			return literals([]ast.Expr{n.Value})
		}
	}
	return nil
}

func calledName(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

func literals(exprs []ast.Expr) []string {
	var texts []string
	for _, expr := range exprs {
		if literal, ok := expr.(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
