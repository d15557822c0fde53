package design

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/schema"
)

func load(t testing.TB, pages ...fs.FS) *Design {
	t.Helper()
	words, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(words, sch, pages...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// BenchmarkList draws a page of fifty hits, as search does.
func BenchmarkList(b *testing.B) {
	d := load(b)
	s := samples{Voice: d.In("en")}
	var hits Hits
	for range 50 {
		hits = append(hits, Hit{Title: "Anthrax", Tags: []Component{Cause{Term: "natural", Likelihood: "likely"}, Marking{schema.Public}}})
	}
	p := Page{Lang: "en", Title: s.Say("ui.search"), Body: Beside{Side: []Component{s.facets()}, Main: []Component{hits}}}
	var page bytes.Buffer
	for b.Loop() {
		page.Reset()
		if err := d.Render(&page, Composed, p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(page.Len()), "bytes/page")
}

// fullPage is a page whose shell shows everything it can.
func fullPage(t *testing.T, d *Design, lang string) Page {
	t.Helper()
	p, err := d.Styleguide(lang)
	if err != nil {
		t.Fatal(err)
	}
	p.Demo, p.Description, p.Theme = true, p.Title, "dark"
	p.Who = &Who{
		Name: "ana@north-health", Organization: "NHO",
		Organizations: []Option{{Value: "1", Label: "NHO", Chosen: true}, {Value: "2", Label: "SAHA"}},
		Links:         []Link{{Href: "/account", Label: "…"}},
	}
	p.Menu = []MenuItem{{Link: Link{Href: "/search", Label: "1"}, Current: true}, {Link: Link{Href: "/my", Label: "2"}, Count: 3}}
	p.Crumbs = []Link{{Href: "/", Label: "3"}}
	p.Notices = []Notice{{Tone: Good}}
	return p
}

func render(t *testing.T, d *Design, p Page) string {
	t.Helper()
	var page bytes.Buffer
	if err := d.Render(&page, Composed, p); err != nil {
		t.Fatal(p.Lang, err)
	}
	return page.String()
}

// Every component in every state is drawn in every language, and no word of it is missing.
func TestEveryComponentInEveryLanguage(t *testing.T) {
	d := load(t)
	missing := regexp.MustCompile(`\b(?:ui|page|sample|word|note|tombstone|number|date|reference)\.[a-z_0-9]+(?:\.[a-z_0-9]+)*|<no value>|&lt;no value&gt;|ZgotmplZ`)
	for _, lang := range incident.Languages() {
		for _, visitor := range []bool{true, false} {
			p := fullPage(t, d, lang)
			if visitor {
				p.Who = nil
			}
			if found := missing.FindAllString(render(t, d, p), -1); found != nil {
				t.Errorf("%s: without words: %v", lang, found)
			}
		}
	}
}

// The style guide leaves no template out: each that is defined was executed.
func TestTheStyleguideShowsEveryTemplate(t *testing.T) {
	d := load(t)
	voice := d.In("en")
	html := render(t, d, fullPage(t, d, "en"))
	var fragment bytes.Buffer
	if err := d.Fragment(&fragment, "en", Suggestions{{Value: "a", Label: "A", Hint: "B"}}); err != nil {
		t.Fatal(err)
	}
	html += fragment.String()
	for _, c := range components() {
		if voice.set.Lookup(c.Template()) == nil {
			t.Errorf("%T has no template %q", c, c.Template())
		}
		if mark, ok := marks()[c.Template()]; !ok || !strings.Contains(html, mark) {
			t.Errorf("%T is not in the style guide (%q)", c, mark)
		}
	}
}

// components has one of every kind.
func components() []Component {
	return []Component{
		Stack{}, Row{}, Paragraph(""), Foreign{}, Section{}, Beside{}, Index{}, Tabs{}, Disclosure{}, Dialog{}, Link{}, Button{},
		Actions{}, TextField{}, TextArea{}, Select{}, Choice{}, DateField{}, Suggest{}, Suggestions{}, ErrorSummary{}, Form{}, Group{},
		Table{}, Number(0), Tag{}, Marking{}, State{}, Cause{}, Facets{}, Chips{}, Pager{}, Hits{}, Facts{}, Count{}, Timeline{},
		Assessments{}, Progress{}, Thread{}, Diff{}, Notice{}, Caution{}, Tombstone{}, Empty{}, Problem{}, AlarmChannels{}, swatches{},
	}
}

// marks are bytes that only the template of that name writes.
func marks() map[string]string {
	return map[string]string{
		"stack": `class="stack"`, "row": `class="row"`, "paragraph": "<p>Running", "foreign": `<bdi lang="ru"`, "section": `class="section"`,
		"beside": `class="beside"`, "index": `class="index"`, "tabs": `class="tabs"`, "disclosure": `class="disclosure"`,
		"dialog": "<dialog id", "link": " download>", "button": `class="button primary"`, "actions": `class="actions"`,
		"text-field": `inputmode="numeric"`, "text-area": "<textarea", "select": "<select", "choice": `type="radio"`,
		"date-field": "<output", "suggest": "data-suggest", "suggestions": `role="option"`, "error-summary": "things are not right",
		"form": "data-guard", "group": `class="group"`, "table": "<caption", "number": "12,400", "tag": `class="tag info"`,
		"marking": `class="tag marking"`, "state": "Changes requested", "cause": `class="how-likely"`, "facets": `class="facets"`,
		"chips": `class="chips"`, "pager": `class="pager"`, "hits": `class="hits"`, "facts": `class="facts"`, "count": "at least 64",
		"timeline": `class="timeline"`, "assessments": `class="assessments"`, "progress": `aria-current="step"`, "thread": `class="thread"`,
		"diff": "<ins>", "notice": `class="notice good"`, "caution": "warn caution", "tombstone": `class="tombstone"`,
		"empty": `class="empty"`, "problem": `class="problem"`, "alarm-channels": `class="alarm"`, "swatches": `class="swatches"`,
	}
}

// A strict content security policy holds: no inline style or script, no handler, no host but our own to load from.
func TestNothingInline(t *testing.T) {
	d := load(t)
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|<script>|\son[a-z]+=|javascript:|(?:src|srcset)="https?:|<link[^>]+https?:`)
	for _, lang := range incident.Languages() {
		if found := inline.FindString(render(t, d, fullPage(t, d, lang))); found != "" {
			t.Errorf("%s: %q", lang, found)
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	d := load(t)
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(render(t, d, fullPage(t, d, "en")), -1) {
		if seen[id[1]] || id[1] == "" {
			t.Errorf("id %q stands twice or is empty", id[1])
		}
		seen[id[1]] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d ids were seen", len(seen))
	}
}

// A page of the caller uses components and words; one that fails sends nothing.
func TestPagesOfTheCaller(t *testing.T) {
	d := load(t, fstest.MapFS{
		"home.html":   {Data: []byte(`{{define "home"}}<h1>{{.Title}}</h1><p>{{say "ui.records" .Body.N}}</p>{{show .Body.Tag}}{{end}}`)},
		"broken.html": {Data: []byte(`{{define "broken"}}<h1>{{.Title}}</h1>{{.Body.Missing}}{{end}}`)},
	})
	body := struct {
		N   int
		Tag Component
	}{2, Tag{Words: "<b>"}}
	var page bytes.Buffer
	if err := d.Render(&page, "home", Page{Lang: "ru", Title: "Т", Body: body}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="ru" dir="ltr">`, "2 записи", "&lt;b&gt;", "<title>Т – "} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, name := range []string{"broken", "absent"} {
		var nothing bytes.Buffer
		if err := d.Render(&nothing, name, Page{Lang: "en", Body: body}); err == nil || nothing.Len() > 0 {
			t.Errorf("%s: %d bytes were sent with %v", name, nothing.Len(), err)
		}
	}
	full := errors.New("full")
	if err := d.Render(failing{full}, "home", Page{Lang: "en", Body: body}); !errors.Is(err, full) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestCountsSayWhatIsNotKnown(t *testing.T) {
	voice := load(t).In("en")
	for want, c := range map[string]Count{
		"11": exactly(11), "300–400": between(300, 400), "at least 64": atLeast(64), "Unknown": {Is: "unknown"}, "Not stated": {},
	} {
		if got := voice.Count(c); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}

func TestARefusalNamesEveryRule(t *testing.T) {
	voice := load(t).In("en")
	refusal := fault.New(fault.Forbidden, "policy.role", "need", []string{"reviewer"})
	if p := voice.Problem(refusal); len(p.Rules) != 1 || p.Rules[0].Code != "policy.role" || !strings.Contains(p.Rules[0].Words, "reviewer") {
		t.Errorf("one rule: %+v", p)
	}
	if p := voice.Problem(refusal.At("", "policy.own_organization").At("", "policy.already_signed")); len(p.Rules) != 2 {
		t.Errorf("two rules: %+v", p)
	}
	if p := voice.Problem(fault.New(fault.NotFound, "not_found")); p.Words == "" || p.Rules != nil {
		t.Errorf("no rule: %+v", p)
	}
	errors := voice.Errors(fault.New(fault.Invalid, "invalid").At("/dates/onset", "date.form"))
	if len(errors) != 1 || errors[0].Href() != "#f-dates-onset" || errors.Of("/dates/onset") == "" || errors.Of("/x") != "" {
		t.Errorf("errors of a form: %+v", errors)
	}
}

func TestLanguageLinksKeepTheList(t *testing.T) {
	for path, want := range map[string]string{
		"/search?q=a%26b&lang=en": "/search?lang=fr&q=a%26b", "": "/?lang=fr", "https://other.example/x": "/?lang=fr", "//other.example": "/?lang=fr",
	} {
		if got := (Page{Path: path}).In("fr"); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestAssetsAreServedUnderTheNamesThatPagesUse(t *testing.T) {
	d := load(t)
	html := render(t, d, Page{Lang: "en", Body: Stack{}})
	for _, match := range regexp.MustCompile(AssetPrefix+`([^"]+)`).FindAllStringSubmatch(html, -1) {
		asset, ok := d.Asset(match[1])
		if !ok || len(asset.Body) == 0 || asset.ContentType == "" {
			t.Errorf("no asset %s", match[1])
		}
	}
}

// wordsUsed gives every id of a message that stands in the sources and templates of the pages.
func wordsUsed(t *testing.T) map[string]bool {
	t.Helper()
	id := regexp.MustCompile(`"((?:ui|page)\.[a-z0-9_.]+)"`)
	used := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".go", ".html"}, filepath.Ext(name)) {
			return err
		}
		source, err := os.ReadFile(name)
		for _, match := range id.FindAllSubmatch(source, -1) {
			used[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func catalogue(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "message", "catalogue", lang+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]map[string]string
	if err := json.Unmarshal(data, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

func ofPages(id string) bool { return strings.HasPrefix(id, "ui.") || strings.HasPrefix(id, "page.") }

func TestEveryWordIsUsedAndEveryUsedWordExists(t *testing.T) {
	english, used := catalogue(t, "en"), wordsUsed(t)
	for id := range english {
		if ofPages(id) && !used[id] {
			t.Errorf("%s is used nowhere", id)
		}
	}
	for id := range used {
		if english[id] == nil {
			t.Errorf("%s has no words", id)
		}
	}
}

// sameInEnglish are words that another language writes as English does.
var sameInEnglish = []string{"es ui.error", "es ui.moment", "fr page.date"}

func TestNothingIsLeftInEnglish(t *testing.T) {
	english := catalogue(t, "en")
	for _, lang := range incident.Languages() {
		for id, words := range catalogue(t, lang) {
			if lang != "en" && ofPages(id) && words["other"] == english[id]["other"] && !slices.Contains(sameInEnglish, lang+" "+id) {
				t.Errorf("%s: %s is the English text", lang, id)
			}
		}
	}
	var texts map[string]map[string]string
	if err := json.Unmarshal(sampleTexts, &texts); err != nil {
		t.Fatal(err)
	}
	for id, words := range texts {
		if len(words) != len(incident.Languages()) {
			t.Errorf("sample %s is in %d languages", id, len(words))
		}
	}
}
