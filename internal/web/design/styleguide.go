package design

import (
	_ "embed" // the texts of the samples
	"encoding/json"
	"time"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/web/design/tokens"
	"bioincident/schema"
)

//go:embed samples/texts.json
var sampleTexts []byte //nolint:gochecknoglobals // embedded data can only be a package variable

// Styleguide shows every component in every state, with invented content, in one language. Who, Menu, Theme, Path and Demo
// are left to the caller.
func (d *Design) Styleguide(lang string) (Page, error) {
	voice := d.In(lang)
	texts := map[string]map[string]string{}
	if err := json.Unmarshal(sampleTexts, &texts); err != nil {
		return Page{}, err
	}
	s := samples{Voice: voice, texts: texts}
	sections := s.sections()
	index := Index{Label: s.text("index")}
	main := Stack{Paragraph(s.text("intro"))}
	for _, section := range sections {
		index.Links = append(index.Links, Link{Href: "#" + section.ID, Label: section.Title})
		main = append(main, section)
	}
	return Page{
		Lang: voice.lang, Title: s.text("title"), Path: "/styleguide",
		Body: Beside{Label: s.text("index"), Side: []Component{index}, Main: main},
	}, nil
}

// samples makes components with realistic content.
type samples struct {
	*Voice
	texts map[string]map[string]string
}

// text gives a sample text; its id where there is none, which the tests refuse.
func (s samples) text(id string) string {
	if words, ok := s.texts[id][s.lang]; ok {
		return words
	}
	return "sample." + id
}

func (s samples) section(id string, body ...Component) Section {
	return Section{ID: id, Title: s.text(id), Body: body}
}

func (s samples) sections() []Section {
	return []Section{
		s.section("colours", swatches{}),
		s.section("words", s.words()...),
		s.section("actions", s.actions()...),
		s.section("forms", s.form()),
		s.section("forms_wrong", s.wrongForm()),
		s.section("tables", s.table(), s.emptyTable()),
		s.section("tags", s.tags()...),
		s.section("lists", s.list()),
		s.section("record", s.record()...),
		s.section("progress", s.progress()...),
		s.section("talk", s.thread(), s.diff()),
		s.section("notices", s.notices()...),
		s.section("nothing", s.nothing()...),
		s.section("structure", s.structure()...),
	}
}

// swatches shows the colours, by day and by night.
type swatches struct{}

// Template names the partial.
func (swatches) Template() string { return "swatches" }

// Colours are those of the table.
func (swatches) Colours() []tokens.Colour { return tokens.Colours() }

func (s samples) words() []Component {
	return []Component{
		Section{Title: s.text("heading"), Sub: true, Lead: s.text("small"), Body: []Component{Paragraph(s.text("running"))}},
		Row{Link{Href: "#words", Label: s.text("tab_sources")}, Foreign{Words: "Сибирская язва · 2004", Lang: "ru"}, Text(s.text("foreign"))},
	}
}

func (s samples) actions() []Component {
	return []Component{
		Actions{
			Button{Label: s.text("submit"), Kind: Primary}, Button{Label: s.text("save")},
			Button{Label: s.text("hand_back"), Kind: Quiet}, Button{Label: s.text("withdraw"), Kind: Danger},
			Button{Label: s.text("cite"), Href: "#actions"},
		},
		Actions{Button{Label: s.text("ready"), Small: true, Kind: Primary}, Button{Label: s.text("ask_changes"), Small: true}, Button{Label: s.text("take_review"), Post: "/styleguide", Small: true}},
		Button{Label: s.text("publish"), Kind: Primary, Why: s.text("publish_why")},
		Actions{Link{Href: "#actions", Label: s.text("download"), Download: true}},
	}
}

func (s samples) tierField() Choice {
	return Choice{Field: Field{Name: "marking", Label: s.text("who_sees")}, Options: []Option{
		{Value: "public", Label: s.Say("ui.marking.public")},
		{Value: "members", Label: s.Say("ui.marking.members"), Hint: s.text("who_sees_members"), Chosen: true},
		{Value: "named", Label: s.Say("ui.marking.named"), Why: s.text("who_sees_named")},
	}}
}

func (s samples) form() Form {
	return Form{
		Action: "/styleguide", Get: true, Guard: true,
		Fields: []Component{
			AlarmChannels{},
			TextArea{Field: Field{Name: "summary", Label: s.text("what_happened"), Hint: s.text("what_happened_hint"), Value: s.text("what_happened_value")}, Rows: 3},
			DateField{Field: Field{Name: "onset", Label: s.text("when"), Hint: s.text("when_hint"), Value: s.text("when_value")}, Understood: s.Date("2004-06~")},
			Suggest{Field: Field{Name: "agent", Label: s.text("agent"), Hint: s.text("agent_hint"), Value: s.Label("agents", "bacillus_anthracis")}, From: "/suggest/agents"},
			Select{Field: Field{Name: "cause", Label: s.ListTitle("cause")}, Options: s.options("cause", "natural", "accidental", "deliberate", "undetermined")},
			Choice{Field: Field{Name: "domain", Label: s.text("affected"), Optional: true}, Several: true, Options: s.options("domain", "domestic_animal", "human", "crop")},
			Group{Label: s.text("how_many"), Hint: s.text("how_many_hint"), Fields: []Component{
				TextField{Field: Field{Name: "low", Label: s.text("least"), Value: "11"}, Numeric: true, Short: true},
				TextField{Field: Field{Name: "high", Label: s.text("most"), Optional: true}, Numeric: true, Short: true},
			}},
			s.tierField(),
			TextField{Field: Field{Name: "sheet", Label: s.text("file"), Hint: s.text("file_hint"), Optional: true}, Type: "file"},
		},
		Buttons: Actions{Button{Label: s.text("submit"), Kind: Primary}, Button{Label: s.text("save"), Name: "do", Value: "save"}},
	}
}

// options are some codes of a vocabulary; the first is chosen.
func (s samples) options(list string, codes ...string) []Option {
	options := make([]Option, len(codes))
	for i, code := range codes {
		options[i] = Option{Value: code, Label: s.Label(list, code), Chosen: i == 0}
	}
	return options
}

func (s samples) wrongForm() Form {
	errors := ErrorSummary{{Name: "/dates/onset", Words: s.text("when_wrong")}, {Name: "/sources/0", Words: s.text("need_source")}}
	return Form{
		Action: "/styleguide", Get: true, Errors: errors,
		Hidden: []Hidden{{Name: "revision", Value: "4"}},
		Fields: []Component{
			DateField{Field: Field{Name: "/dates/onset", Label: s.text("when"), Hint: s.text("when_hint"), Value: s.text("when_wrong_value"), Error: errors.Of("/dates/onset")}},
			TextField{Field: Field{Name: "/sources/0", Label: s.text("source"), Error: errors.Of("/sources/0")}},
		},
		Buttons: Actions{Button{Label: s.text("submit"), Kind: Primary}},
	}
}

// title composes a title as the records' are.
func (s samples) title(disease, domain string, date incident.Date) string {
	return s.Title([]incident.TitlePart{
		{Kind: "disease", List: "diseases", Code: disease}, {Kind: "domain", List: "domain", Code: domain}, {Kind: "date", Date: date},
	})
}

func exactly(n int64) Count { return Count{Low: &n, High: &n} }

func between(low, high int64) Count { return Count{Low: &low, High: &high, Qualifier: "range"} }

func atLeast(n int64) Count { return Count{Low: &n, Qualifier: "at_least"} }

func (s samples) columns() []Column {
	return []Column{
		{Label: s.text("case"), Href: "?sort=title"},
		{Label: s.text("when"), Href: "?sort=date", Sorted: "descending"},
		{Label: s.ListTitle("cause")},
		{Label: s.text("who_sees")},
		{Label: s.text("deaths"), Href: "?sort=deaths", Numeric: true},
	}
}

func (s samples) row(title string, date incident.Date, cause Cause, tier schema.Tier, deaths Component) []Component {
	return []Component{Link{Href: "#tables", Label: title}, Text(s.Date(date)), cause, Marking{tier}, deaths}
}

func (s samples) table() Table {
	return Table{
		ID: "cases", Caption: s.text("cases_by"), Columns: s.columns(), LeftOut: s.text("left_out"),
		Rows: [][]Component{
			s.row(s.title("anthrax", "domestic_animal", "2004-06~"), "2004-06~", Cause{Term: "natural.endemic", Likelihood: "very_likely"}, schema.Public, exactly(11)),
			s.row(s.title("brucellosis", "human", "2003"), "2003", Cause{Term: "accidental.laboratory", Likelihood: "almost_certain"}, schema.Members, exactly(0)),
			s.row(s.title("cholera", "human", "1998-03/1999"), "1998-03/1999", Cause{Term: "natural", Disputed: true}, schema.Public, between(12400, 15200)),
			s.row(s.title("wheat_stem_rust", "crop", "199X"), "199X", Cause{Term: "undetermined"}, schema.Public, Count{Is: "not_applicable"}),
			s.row(s.title("hpai", "domestic_animal", "1997-11?"), "1997-11?", Cause{Term: "deliberate", Likelihood: "very_unlikely"}, schema.Named, Count{Is: "unknown"}),
		},
	}
}

func (s samples) emptyTable() Table {
	return Table{ID: "none", Caption: s.text("no_results"), Columns: s.columns(), Empty: s.noResults()}
}

func (s samples) tags() []Component {
	states := func(list string, codes ...string) Row {
		var row Row
		for _, code := range codes {
			row = append(row, State{list, code})
		}
		return row
	}
	return []Component{
		Row{Marking{schema.Public}, Marking{schema.Members}, Marking{schema.Named}},
		states("version_state", "draft", "submitted", "in_review", "changes_requested", "reviewed", "scheduled", "published", "declined", "discarded"),
		states("record_state", "reserved", "live", "held", "withdrawn", "merged"),
		Row{
			Cause{Term: "natural", Likelihood: "almost_certain"}, Cause{Term: "accidental", Likelihood: "likely"},
			Cause{Term: "deliberate", Likelihood: "roughly_even"}, Cause{Term: "undetermined"}, Cause{Term: "natural", Disputed: true},
		},
		Row{Tag{Words: s.Label("review_depth", "individually")}, Tag{Words: s.Label("verification", "corroborated"), Tone: Info, Sign: "="}},
	}
}

func (s samples) facets() Facets {
	return Facets{
		{Label: s.ListTitle("cause"), Open: true, Values: []FacetValue{
			{Label: s.Label("cause", "natural"), Href: "?cause=", Count: 1204, Chosen: true},
			{Label: s.Label("cause", "accidental"), Href: "?cause=accidental", Count: 212},
			{Label: s.Label("cause", "deliberate"), Href: "?cause=deliberate", Count: 38},
		}, More: Link{Href: "#lists", Label: s.text("all_values")}},
		{Label: s.ListTitle("domain"), Values: []FacetValue{{Label: s.Label("domain", "crop"), Href: "?domain=crop", Count: 77}}},
	}
}

func (s samples) list() Component {
	return Beside{Label: s.text("lists"), Side: []Component{s.facets()}, Main: []Component{
		Paragraph(s.Say("ui.records", 1204)),
		Chips{Items: []Chip{
			{Name: s.ListTitle("cause"), Value: s.Label("cause", "natural"), Remove: "#lists"},
			{Name: s.text("when"), Value: s.Date("2000/2005"), Remove: "#lists"},
		}, Clear: "#lists"},
		Hits{
			{
				Href: "#lists", Title: s.title("anthrax", "domestic_animal", "2004-06~"), ID: "BID-2004-000117",
				Tags:    []Component{Cause{Term: "natural", Likelihood: "very_likely"}, Marking{schema.Public}},
				Snippet: []Part{{Words: s.text("snippet_before")}, {Words: s.text("snippet_mark"), Mark: true}, {Words: s.text("snippet_after")}},
			},
			{
				Href: "#lists", Title: s.title("rift_valley_fever", "domestic_animal", "2001"), ID: "BID-2001-000082",
				Tags: []Component{Cause{Term: "natural", Disputed: true}, Marking{schema.Members}}, Maybe: s.text("maybe"),
			},
		},
		Pager{Newer: "?before=a", Older: "?after=b"},
	}}
}

func (s samples) record() []Component {
	return []Component{
		Caution{Words: s.Say("note.figures_may_change"), Since: s.text("since")},
		Facts{
			{Term: s.ListTitle("diseases"), Values: []Component{Link{Href: "#record", Label: s.Label("diseases", "anthrax")}}},
			{Term: s.ListTitle("occurrence"), Values: []Component{Text(s.Label("occurrence", "harm_occurred"))}},
			{Term: s.ListTitle("cause"), Values: []Component{Cause{Term: "natural.endemic", Likelihood: "very_likely"}}},
			{Term: s.text("deaths"), Values: []Component{atLeast(64)}, Note: s.Label("count_basis", "cumulative")},
			{Term: s.text("affected"), Values: []Component{between(300, 400), Text(s.Label("population", "sheep_and_goats"))}},
			{Term: s.text("who_sees"), Values: []Component{Marking{schema.Members}}},
		},
		Timeline{
			{Code: "onset", Date: "2004-06-03~"},
			{Code: "detection", Date: "2004-06-09"},
			{Code: "laboratory_confirmation", Date: "2004-06-12", Note: s.text("timeline_note"), After: s.text("after")},
			{Code: "end"},
		},
		Assessments{
			{
				By: s.text("north"), Date: "2004-09", Cause: "natural.endemic", Likelihood: "very_likely", Confidence: "high",
				Basis: s.text("basis"), Sources: []Link{{Href: "#record", Label: s.text("report")}},
			},
			{By: s.text("south"), Date: "2005-02-11", Cause: "accidental", Likelihood: "roughly_even", Confidence: "low", Dissent: s.text("dissent")},
			{By: s.Label("organization_kind", "state_focal_point"), Cause: "undetermined"},
		},
	}
}

func sampleTime(day, hour int) time.Time {
	return time.Date(2026, time.March, day, hour, 30, 0, 0, time.UTC)
}

func (s samples) progress() []Component {
	return []Component{
		Progress{Steps: []Step{{Code: "draft", Current: true}, {Code: "submitted"}, {Code: "in_review"}, {Code: "reviewed"}, {Code: "published"}}, Next: s.text("next_first")},
		Progress{
			Steps: []Step{
				{Code: "draft", Done: true}, {Code: "submitted", Done: true, Detail: s.text("by_you")},
				{Code: "in_review", Current: true}, {Code: "reviewed"}, {Code: "published"},
			},
			With: s.text("south"), Since: sampleTime(4, 9), Due: sampleTime(25, 9), Next: s.text("next"),
		},
	}
}

func (s samples) thread() Thread {
	return Thread{
		{
			ID: "comment-1", By: s.Label("role", "reviewer"), Organization: s.text("south"), At: sampleTime(5, 14),
			About: Link{Href: "#f-low", Label: s.text("how_many")}, Words: s.text("comment"),
			Actions: Actions{Button{Label: s.text("hand_back"), Small: true}},
			Replies: []Comment{{By: s.Label("role", "contributor"), Organization: s.text("north"), At: sampleTime(6, 8), Words: s.text("reply")}},
		},
		{ID: "comment-2", By: s.Label("role", "publisher"), At: sampleTime(7, 8), Words: s.text("need_source"), Settled: true},
	}
}

func (s samples) diff() Diff {
	return Diff{From: s.text("edition_1"), To: s.text("edition_2"), Changes: []Change{
		{
			Label:  s.text("summary"),
			Before: []Part{{Words: s.text("diff_same")}, {Words: s.text("diff_old"), Mark: true}},
			After:  []Part{{Words: s.text("diff_same")}, {Words: s.text("diff_new"), Mark: true}},
		},
		{Label: s.text("lesson"), After: []Part{{Words: s.text("lesson_text"), Mark: true}}},
		{Label: s.text("source"), Before: []Part{{Words: s.text("report"), Mark: true}}},
	}}
}

func (s samples) notices() []Component {
	return []Component{
		Notice{Words: s.text("info")},
		Notice{Tone: Good, Words: s.text("saved")},
		Notice{Tone: Warn, Words: s.text("warn"), Actions: Actions{Button{Label: s.text("compare"), Href: "#notices"}}},
		Notice{Tone: Bad, Words: s.text("bad")},
		Caution{Words: s.Say("note.disputed"), Since: s.text("since")},
		Tombstone{ID: "BID-2004-000118", Words: s.Say("tombstone.withdrawn"), Reason: s.Label("reason", "originator_request"), Leads: []Link{{Href: "#notices", Label: s.text("log")}}},
		Tombstone{ID: "BID-2004-000119", Words: s.Say("tombstone.merged"), Leads: []Link{{Href: "#notices", Label: s.text("merged_into")}}},
		Tombstone{ID: "BID-2004-000120", Words: s.Say("tombstone.held", "until", s.Moment(sampleTime(30, 12)))},
	}
}

func (s samples) noResults() Empty {
	return Empty{Title: s.text("no_results"), Words: s.text("no_results_words"), Next: []Component{Link{Href: "#nothing", Label: s.text("without_year")}}}
}

func (s samples) nothing() []Component {
	next := func(id string) []Component { return []Component{Link{Href: "#nothing", Label: s.text(id)}} }
	page := func(title string, problem Problem) Section {
		return Section{Title: s.text(title), Sub: true, Body: []Component{problem}}
	}
	cannot := s.Problem(fault.New(fault.Forbidden, "policy.own_organization"))
	cannot.WhoCan, cannot.Next = []string{s.text("south")}, next("ask_admin")
	return []Component{
		s.noResults(),
		Empty{Title: s.text("nothing_certain"), Next: next("show_possible")},
		Empty{Title: s.text("nothing_waits"), Next: next("write_case")},
		page("not_available", Problem{Words: s.text("not_available_words"), Next: next("to_search")}),
		page("cannot", cannot),
		page("changed", Problem{Words: s.text("changed_words"), Keep: s.conflict()}),
		page("busy", Problem{Words: s.text("busy_words"), Next: next("again"), Number: "7F3A-22C1"}),
	}
}

// conflict asks, field by field, whose words stay.
func (s samples) conflict() Form {
	return Form{
		Action: "/styleguide", Get: true,
		Fields: []Component{Choice{Field: Field{Name: "keep", Label: s.text("summary")}, Options: []Option{
			{Value: "mine", Label: s.text("mine"), Hint: s.text("diff_same") + s.text("diff_new"), Chosen: true},
			{Value: "theirs", Label: s.text("theirs"), Hint: s.text("diff_same") + s.text("diff_old")},
		}}},
		Buttons: Actions{Button{Label: s.text("save"), Kind: Primary}},
	}
}

func (s samples) structure() []Component {
	tab := func(id string, current bool, count int64) MenuItem {
		return MenuItem{Link: Link{Href: "#structure", Label: s.text(id)}, Current: current, Count: count}
	}
	return []Component{
		Tabs{Label: s.text("record"), Items: []MenuItem{tab("tab_case", true, 0), tab("tab_sources", false, 4), tab("tab_editions", false, 2)}},
		Disclosure{Summary: s.text("why_seen"), Body: []Component{Paragraph(s.text("why_seen_words"))}},
		Disclosure{Summary: s.text("tab_sources"), Open: true, Body: []Component{Number(12400)}},
		Dialog{
			ID: "withdraw", Title: s.text("withdraw_ask"), Opener: Button{Label: s.text("withdraw"), Kind: Danger, Href: "#structure"},
			Form: Form{
				Action: "/styleguide", Get: true,
				Fields:  []Component{TextArea{Field: Field{Name: "reason", Label: s.text("withdraw_reason")}, Rows: 3}},
				Buttons: Actions{Button{Label: s.text("withdraw"), Kind: Danger}},
			},
		},
	}
}
