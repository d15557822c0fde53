package incident

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bioincident/schema"
)

//go:embed checks.json
var checksFile []byte //nolint:gochecknoglobals // embedded data can only be a package variable

// Level says what a finding does: block must be mended, override may be overridden with a reason, flag must be looked at
// by a person.
type Level string

// The levels.
const (
	Block    Level = "block"
	Override Level = "override"
	Flag     Level = "flag"
)

// Finding is what a check found: a code, where, and parameters for its words. It never repeats the text it found.
type Finding struct {
	Code    string         `json:"code"`
	Level   Level          `json:"level"`
	Pointer string         `json:"pointer,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
}

// Checks are the automatic checks. Their rules are data (checks.json); what a rule cannot say as data is a named test.
type Checks struct {
	version string
	submit  []rule
	publish []rule
}

type rule struct {
	Code      string   `json:"code"`
	At        string   `json:"at"`
	Level     Level    `json:"level"`
	Any       []string `json:"any"`
	Pattern   string   `json:"pattern"`
	Prefilter []string `json:"prefilter"` // lower case; in a text that holds none of them the pattern cannot match
	Run       struct { // in a text without such a run of letters the pattern cannot match
		Letters string `json:"letters"`
		Least   int    `json:"least"`
	} `json:"run"`
	Except []string `json:"except"`
	Test   string   `json:"test"`

	pattern *regexp.Regexp
	test    func(Body) []Finding
}

// NewChecks reads the rules. A rule that names an unknown test, path or level is an error.
func NewChecks(sch *schema.Schema) (*Checks, error) {
	var file struct {
		Version string `json:"version"`
		Rules   []rule `json:"rules"`
	}
	decoder := json.NewDecoder(bytes.NewReader(checksFile))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("checks.json: %w", err)
	}
	checks := &Checks{version: file.Version}
	for _, r := range file.Rules {
		if err := r.compile(sch); err != nil {
			return nil, fmt.Errorf("checks.json: %s: %w", r.Code, err)
		}
		switch r.At {
		case "submit":
			checks.submit = append(checks.submit, r)
		case "publish":
			checks.publish = append(checks.publish, r)
		default:
			return nil, fmt.Errorf("checks.json: %s: unknown moment %q", r.Code, r.At)
		}
	}
	return checks, nil
}

func (r *rule) compile(sch *schema.Schema) error {
	if !slices.Contains([]Level{Block, Override, Flag}, r.Level) {
		return fmt.Errorf("unknown level %q", r.Level)
	}
	for _, path := range append(slices.Clone(r.Any), r.Except...) {
		if !known(sch.Root(), path) {
			return fmt.Errorf("no property %s", path)
		}
	}
	if r.Pattern != "" {
		pattern, err := regexp.Compile(r.Pattern)
		if err != nil {
			return err
		}
		r.pattern = pattern
	}
	if r.Test != "" {
		test, ok := tests()[r.Test]
		if !ok {
			return fmt.Errorf("unknown test %q", r.Test)
		}
		r.test = test
	}
	if len(r.Any) == 0 && r.pattern == nil && r.test == nil {
		return fmt.Errorf("looks at nothing")
	}
	return nil
}

func known(node *schema.Node, path string) bool {
	for _, name := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		child, ok := node.Props[name]
		if !ok {
			return false
		}
		node = child
	}
	return true
}

// Version names the criteria, for exports and methods pages.
func (c *Checks) Version() string { return c.version }

// Rules lists the codes of all rules, for the catalogue's test.
func (c *Checks) Rules() []string {
	var codes []string
	for _, r := range append(slices.Clone(c.submit), c.publish...) {
		codes = append(codes, r.Code)
	}
	return codes
}

// ForSubmit gives what stands in the way of submitting, and what a person must look at.
func (c *Checks) ForSubmit(body Body, doc []byte) []Finding { return run(c.submit, body, doc) }

// ForPublish gives what stands in the way of publishing, those of submitting included.
func (c *Checks) ForPublish(body Body, doc []byte) []Finding {
	return run(slices.Concat(c.submit, c.publish), body, doc)
}

// Blocking tells whether any finding must be mended, or overridden and is not among the overridden codes.
func Blocking(findings []Finding, overridden []string) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool {
		return f.Level == Block || f.Level == Override && !slices.Contains(overridden, f.Code)
	})
}

func run(rules []rule, body Body, doc []byte) []Finding {
	tree, err := decode(doc)
	if err != nil {
		return []Finding{{Code: "check.unreadable", Level: Block}}
	}
	var texts []located
	collectTexts(tree, "", &texts)
	var findings []Finding
	for _, r := range rules {
		findings = append(findings, r.run(body, tree, texts)...)
	}
	return findings
}

func (r *rule) run(body Body, tree map[string]any, texts []located) []Finding {
	switch {
	case r.test != nil:
		found := r.test(body)
		for i := range found {
			found[i].Code, found[i].Level = r.Code, r.Level
		}
		return found
	case r.pattern != nil:
		return r.match(texts)
	}
	for _, path := range r.Any {
		if present(tree, path) {
			return nil
		}
	}
	return []Finding{{Code: r.Code, Level: r.Level, Pointer: r.Any[0]}}
}

func (r *rule) match(texts []located) []Finding {
	var findings []Finding
	for _, t := range texts {
		if slices.ContainsFunc(r.Except, func(path string) bool { return strings.HasPrefix(t.pointer, path) }) {
			continue
		}
		if r.mayMatch(t) && r.pattern.MatchString(t.text) {
			findings = append(findings, Finding{Code: r.Code, Level: r.Level, Pointer: t.pointer})
		}
	}
	return findings
}

// mayMatch spares most texts the pattern, which is some hundred times slower.
func (r *rule) mayMatch(t located) bool {
	if r.Run.Least > 0 && !holdsRun(t.lower, r.Run.Letters, r.Run.Least) {
		return false
	}
	return len(r.Prefilter) == 0 ||
		slices.ContainsFunc(r.Prefilter, func(word string) bool { return strings.Contains(t.lower, word) })
}

// holdsRun tells whether a text holds at least so many of some ASCII letters in a row.
func holdsRun(text, letters string, least int) bool {
	run := 0
	for i := range len(text) {
		if strings.IndexByte(letters, text[i]) < 0 {
			run = 0
		} else if run++; run == least {
			return true
		}
	}
	return false
}

func present(tree map[string]any, path string) bool {
	var value any = tree
	for _, name := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		child, ok := object(value)[name]
		if !ok {
			return false
		}
		value = child
	}
	return value != nil && value != ""
}

type located struct{ pointer, text, lower string }

// collectTexts lists the words of a document: strings long enough to hold what must not be there. Links and citations'
// identifiers are not words.
func collectTexts(value any, pointer string, texts *[]located) {
	const shortest = 8
	switch value := value.(type) {
	case string:
		if len(value) >= shortest {
			*texts = append(*texts, located{pointer, value, strings.ToLower(value)})
		}
	case map[string]any:
		for _, name := range sortedKeys(value) {
			switch name {
			case "id", "url", "URL", "DOI", "ISBN", "ISSN", "PMID":
				continue
			}
			collectTexts(value[name], pointer+"/"+name, texts)
		}
	case []any:
		for i, item := range value {
			collectTexts(item, fmt.Sprintf("%s/%d", pointer, i), texts)
		}
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
