package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// engine is a profile that is data only: profiles/NAME.json says what every column means.
type engine struct {
	rules
	naming
	places  *gazetteer
	options Options
	agents  map[string][]agentCodes // by folded name
	areas   map[string]areaCodes    // by folded name
	phrases map[string]phrase       // by folded words
	matches []*regexp.Regexp        // of the external ids
}

// rules are the data of a profile. Texts with {Column} in braces are templates: they are left out where one of their
// columns is empty.
type rules struct {
	Name         string              `json:"name"`
	Version      string              `json:"version"`
	Collection   incident.Collection `json:"collection"`
	Language     string              `json:"language"` // of the texts, until it is set
	Completeness string              `json:"completeness"`
	Columns      []string            `json:"columns"` // a file must have them
	Unread       []string            `json:"unread"`  // columns that are known and not needed
	RowID        []string            `json:"row_id"`  // columns that together name a row
	Missing      []string            `json:"missing"` // what stands for nothing
	Settable     []string            `json:"set"`     // what can be set once for all rows
	EarliestYear int                 `json:"earliest_year"`
	Source       sourceRule          `json:"source"`
	ExternalIDs  []idRule            `json:"external_ids"`
	Dates        []dateRule          `json:"dates"`
	Areas        areaRule            `json:"areas"`
	Places       []placeRule         `json:"places"`
	Point        *pointRule          `json:"point"`
	Agents       *agentRule          `json:"agents"`
	Counts       []countRule         `json:"counts"`
	Phrases      []phrase            `json:"phrases"`
	Default      codes               `json:"default"` // of every row
	When         []whenRule          `json:"when"`    // in their order: a later one stands over an earlier one
	CauseBody    string              `json:"cause_body"`
	Subtitle     []string            `json:"subtitle"` // templates
	Summary      []string            `json:"summary"`
	Members      []string            `json:"members"`
}

// sourceRule makes the one source of a row.
type sourceRule struct {
	Type      string         `json:"type"`
	Citation  map[string]any `json:"citation"`
	Title     string         `json:"title"` // column of the title, "" for that of the citation
	URL       string         `json:"url"`
	Link      string         `json:"link"` // column of the address
	Published incident.Date  `json:"published"`
}

// idRule takes an id of another system.
type idRule struct {
	Scheme string `json:"scheme"`
	Column string `json:"column"`
	Match  string `json:"match"` // what an id looks like
}

// dateRule reads a date: a day from one column, years from words, a year and a month, or a time between two days.
type dateRule struct {
	Column   string   `json:"column"`
	Read     string   `json:"read"`  // day, words
	Order    string   `json:"order"` // where the column does not tell
	Year     string   `json:"year"`
	Month    string   `json:"month"`
	From     string   `json:"from"`
	Until    string   `json:"until"`
	To       []string `json:"to"` // milestones; published, period
	End      string   `json:"end"`
	Required bool     `json:"required"`
}

// What a date is of, beside the milestones.
const (
	ofSource = "published"
	ofPeriod = "period"
)

// datable lists what a date can be of.
func datable() []string {
	return []string{ofSource, ofPeriod, "onset", "exposure", "detection", "laboratory_confirmation", "international_notification", "end"}
}

// areaRule finds the areas of a row, by the first column that tells.
type areaRule struct {
	Always  string       `json:"always"` // an area for rows in which no column tells another
	Role    string       `json:"role"`
	Columns []areaColumn `json:"columns"`
	Hold    bool         `json:"hold"` // a name that means no area stays words, and the area is unknown
	Table   []areaCodes  `json:"table"`
}

type areaColumn struct {
	Column string `json:"column"`
	Form   string `json:"form"`
	List   bool   `json:"list"`   // several areas, after places in them
	Inside bool   `json:"inside"` // the area stands in brackets at the end
}

// areaCodes says what a name means that vocabularies do not know, or mean otherwise.
type areaCodes struct {
	Is     []string `json:"is"`
	Areas  []string `json:"areas"`
	Admin1 string   `json:"admin1"`
	Doubt  bool     `json:"doubt"` // a person has to look at it
}

// placeRule takes a place within the area.
type placeRule struct {
	Column string   `json:"column"`
	To     string   `json:"to"` // admin1, admin2, locality, facility_name
	Holds  []string `json:"holds"`
	Unless []string `json:"unless"`
	Bare   bool     `json:"bare"` // without what stands in brackets
}

type pointRule struct {
	Lat       string `json:"lat"`
	Lon       string `json:"lon"`
	Precision string `json:"precision"`
}

// agentRule reads agents: one, or several in columns whose parts belong together.
type agentRule struct {
	Always         *agentCodes       `json:"always"` // the one agent of all rows
	Name           string            `json:"name"`
	Or             string            `json:"or"`   // column that is looked at when the name means nothing
	More           string            `json:"more"` // column of a more exact name
	Split          string            `json:"split"`
	Subtype        string            `json:"subtype"`
	NoSubtype      []string          `json:"no_subtype"`
	Identification string            `json:"identification"`
	Status         map[string]string `json:"status"`
	Strip          []string          `json:"strip"`
	Table          []agentCodes      `json:"table"`
	Tables         string            `json:"tables"` // of another profile: don_events
	Missing        bool              `json:"missing"`
	AnimalDomain   bool              `json:"animal_domain"`
}

// all gives every agent that the rule itself codes.
func (r *agentRule) all() []agentCodes {
	if r.Always == nil {
		return r.Table
	}
	return append(slices.Clone(r.Table), *r.Always)
}

// agentCodes codes an agent as it is reported, where names alone would not do or not exactly.
type agentCodes struct {
	Is       []string `json:"is"`
	Agent    string   `json:"agent"`
	Class    string   `json:"class"`
	Diseases []string `json:"diseases"`
	Subtype  string   `json:"subtype"`
	Codes    codes    `json:"codes"`

	Identification string `json:"identification"` // where the name itself says how sure it is
}

// countRule reads a count.
type countRule struct {
	Column     string `json:"column"`
	ID         string `json:"id"`
	Read       string `json:"read"` // number; words; phrases; row: every row is one
	Measure    string `json:"measure"`
	Population string `json:"population"`
	Basis      string `json:"basis"`
	Estimate   bool   `json:"estimate"` // a plain number is about right
	Informed   string `json:"informed"` // column of how many it is known of
	Of         string `json:"of"`       // column of how many there are
}

// whenRule gives codes to rows in which a column holds one of some values.
type whenRule struct {
	Column  string   `json:"column"`
	Is      []string `json:"is"`
	Holds   []string `json:"holds"`
	Missing bool     `json:"missing"`
	Split   string   `json:"split"`
	Codes   codes    `json:"codes"`

	is, holds []string // folded
}

// codes are what is said of a row by the codes of vocabularies.
type codes struct {
	Type         string   `json:"incident_type"`
	Occurrence   string   `json:"occurrence"`
	Verification string   `json:"verification"`
	Domains      []string `json:"domains"`
	Settings     []string `json:"settings"`
	Routes       []string `json:"routes"`
	Vehicles     []string `json:"vehicles"`
	Purpose      string   `json:"purpose"`
	Discovery    string   `json:"discovery_method"`
	Unusual      []string `json:"unusual"`
	Measure      string   `json:"measure"`
	Population   string   `json:"population"`
	Cause        string   `json:"cause"`
	Mechanism    string   `json:"mechanism"`
	Milestone    string   `json:"milestone"` // of its date, instead of that of the rule
	Doubt        bool     `json:"doubt"`     // a person has to look at the codes
}

// put lays other codes over these.
func (c *codes) put(other *codes) {
	for _, one := range []struct{ mine, theirs *string }{
		{&c.Type, &other.Type}, {&c.Occurrence, &other.Occurrence}, {&c.Verification, &other.Verification},
		{&c.Purpose, &other.Purpose}, {&c.Discovery, &other.Discovery}, {&c.Measure, &other.Measure},
		{&c.Population, &other.Population}, {&c.Milestone, &other.Milestone},
	} {
		*one.mine = cmp.Or(*one.theirs, *one.mine)
	}
	if other.Cause != "" {
		c.Cause, c.Mechanism = other.Cause, other.Mechanism
	}
	for _, list := range []struct{ mine, theirs *[]string }{
		{&c.Domains, &other.Domains}, {&c.Settings, &other.Settings}, {&c.Routes, &other.Routes},
		{&c.Vehicles, &other.Vehicles}, {&c.Unusual, &other.Unusual},
	} {
		for _, code := range *list.theirs {
			if !slices.Contains(*list.mine, code) {
				*list.mine = append(slices.Clip(*list.mine), code)
			}
		}
	}
	c.Doubt = c.Doubt || other.Doubt
}

// check asks that vocabularies hold the codes.
func (c *codes) check(ask func(list string, codes ...string)) {
	ask("incident_type", c.Type)
	ask("occurrence", c.Occurrence)
	ask("verification", c.Verification)
	ask("domain", c.Domains...)
	ask("setting", c.Settings...)
	ask("route", c.Routes...)
	ask("vehicle", c.Vehicles...)
	ask("purpose", c.Purpose)
	ask("discovery_method", c.Discovery)
	ask("unusual_feature", c.Unusual...)
	ask("measure", c.Measure)
	ask("population", c.Population)
	ask("cause", c.Cause, c.Mechanism)
	ask("milestone", c.Milestone)
}

// newEngine reads the data of a profile; a code in it that no vocabulary holds is an error.
func newEngine(sch *schema.Schema, name string, o Options) (Profile, error) {
	e := &engine{naming: naming{sch}, options: o}
	if err := readProfile(name, &e.rules); err != nil {
		return nil, fmt.Errorf("profiles/%s.json: %w", name, err)
	}
	if err := o.checkSet(sch, e.Settable); err != nil {
		return nil, err
	}
	var err error
	if e.places, err = newGazetteer(sch); err != nil {
		return nil, err
	}
	if err := e.index(); err != nil {
		return nil, fmt.Errorf("profiles/%s.json: %w", name, err)
	}
	e.Language = cmp.Or(o.Set[setLanguage], e.Language)
	e.Completeness = cmp.Or(o.Set[setCompleteness], e.Completeness)
	return e, nil
}

// index folds the tables, so that rows are compared by what people take for the same.
func (e *engine) index() error {
	e.agents = map[string][]agentCodes{}
	e.areas, e.phrases = map[string]areaCodes{}, map[string]phrase{}
	for i := range e.When {
		w := &e.When[i]
		w.is, w.holds = folded(w.Is), folded(w.Holds)
	}
	if e.Agents != nil && e.Agents.Tables != "" {
		if err := e.borrow(e.Agents.Tables); err != nil {
			return err
		}
	}
	if e.Agents != nil {
		for _, a := range e.Agents.Table {
			for _, name := range folded(a.Is) {
				e.agents[name] = append(e.agents[name], a)
			}
		}
	}
	for _, a := range e.Areas.Table {
		for _, name := range a.Is {
			e.areas[schema.Fold(name)] = a
		}
	}
	for _, p := range e.Phrases {
		for _, words := range p.Words {
			e.phrases[schema.Fold(words)] = p
		}
	}
	for _, id := range e.ExternalIDs {
		match, err := regexp.Compile("^(?:" + cmp.Or(id.Match, ".+") + ")$")
		if err != nil {
			return err
		}
		e.matches = append(e.matches, match)
	}
	return e.checkCodes()
}

// folded gives texts folded, each once.
func folded(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, schema.Fold(text))
	}
	return once(all)
}

// borrow takes the table of diseases of another profile.
func (e *engine) borrow(name string) error {
	var from donData
	if err := readProfile(name, &from); err != nil {
		return err
	}
	for _, d := range from.Diseases {
		e.Agents.Table = append(e.Agents.Table, agentCodes{Is: []string{d.Level1 + ": " + d.Level2}, Agent: d.Agent,
			Diseases: d.Diseases, Subtype: d.Subtype, Codes: codes{Type: d.Type, Domains: d.Domains}})
	}
	return nil
}

func (e *engine) checkCodes() error {
	check := codeCheck{schema: e.schema}
	ask := check.ask
	ask("unit", e.Collection.Unit)
	ask("licence", e.Collection.Licence)
	ask("completeness", e.Completeness)
	ask("source_type", e.Source.Type)
	ask("areas", e.Areas.Always)
	ask("area_role", e.Areas.Role)
	e.Default.check(ask)
	for i := range e.When {
		e.When[i].Codes.check(ask)
	}
	for _, id := range e.ExternalIDs {
		ask("external_id_scheme", id.Scheme)
	}
	for _, a := range e.Areas.Table {
		ask("areas", a.Areas...)
	}
	if e.Agents != nil {
		for _, a := range e.Agents.all() {
			ask("agents", a.Agent)
			ask("agent_class", a.Class)
			ask("diseases", a.Diseases...)
			ask("identification", a.Identification)
			a.Codes.check(ask)
		}
		for _, code := range e.Agents.Status {
			ask("identification", code)
		}
	}
	for _, c := range e.Counts {
		ask("measure", c.Measure)
		ask("population", c.Population)
		ask("count_basis", c.Basis)
	}
	for _, p := range e.Phrases {
		ask("measure", p.Measure)
		ask("population", p.Population)
		ask("incident_type", p.Type)
	}
	if e.Point != nil {
		ask("precision", e.Point.Precision)
	}
	return errors.Join(append(check.wrong, e.checkColumns()...)...)
}

// checkColumns asks that every column of which a rule speaks is one that files must have: a misspelt one would do nothing.
func (e *engine) checkColumns() (wrong []error) {
	ask := func(columns ...string) {
		for _, column := range columns {
			if column != "" && !slices.Contains(e.rules.Columns, column) {
				wrong = append(wrong, fmt.Errorf("no column %q", column))
			}
		}
	}
	ask(e.rules.RowID...)
	ask(e.Source.Title, e.Source.Link)
	for _, id := range e.ExternalIDs {
		ask(id.Column)
	}
	for _, d := range e.Dates {
		ask(d.Column, d.Year, d.Month, d.From, d.Until)
		for _, of := range append(slices.Clone(d.To), d.End) {
			if of != "" && !slices.Contains(datable(), of) {
				wrong = append(wrong, fmt.Errorf("no date of %q", of))
			}
		}
	}
	for _, a := range e.Areas.Columns {
		ask(a.Column)
	}
	for _, p := range e.Places {
		ask(p.Column)
	}
	if e.Point != nil {
		ask(e.Point.Lat, e.Point.Lon)
	}
	if e.Agents != nil {
		ask(e.Agents.Name, e.Agents.Or, e.Agents.More, e.Agents.Subtype, e.Agents.Identification)
	}
	for _, c := range e.Counts {
		ask(c.Column, c.Informed, c.Of)
	}
	for _, w := range e.When {
		ask(w.Column)
	}
	for _, template := range slices.Concat(e.Subtitle, e.Summary, e.Members) {
		for part := range strings.SplitSeq(template, "{") {
			if column, _, found := strings.Cut(part, "}"); found {
				ask(column)
			}
		}
	}
	return wrong
}

// Name is what people call the profile on the command line.
func (e *engine) Name() string { return e.rules.Name }

// Columns are those that a file must have.
func (e *engine) Columns() []string { return e.rules.Columns }

// Unread are columns that it knows and does not need.
func (e *engine) Unread() []string { return e.rules.Unread }

// Texts joins nothing.
func (e *engine) Texts() (key, text, by string) { return "", "", "" }

// DateColumns are the columns of days, with the order in which they usually stand.
func (e *engine) DateColumns() map[string]string {
	columns := map[string]string{}
	for _, d := range e.Dates {
		for _, column := range []string{d.Column, d.From, d.Until} {
			if column != "" && d.Read != "words" {
				columns[column] = d.Order
			}
		}
	}
	return columns
}

// RowID gives the id of the row in its source, "" when a part of it is missing.
func (e *engine) RowID(row Row) string {
	const most = 300
	var id []string
	for _, column := range e.rules.RowID {
		part := e.value(row, column)
		if part == "" {
			return ""
		}
		id = append(id, part)
	}
	if whole := strings.Join(id, "/"); len(whole) <= most {
		return whole
	}
	return ""
}

// value gives a cell on one line, "" when it is missing.
func (e *engine) value(row Row, column string) string {
	return valueOf(row, column, e.Missing)
}

// Map gives what a row means.
func (e *engine) Map(row Row, _ Texts) Mapped {
	m := mapping{engine: e, reading: reading{row: row}}
	for _, step := range []func() error{
		m.code, m.date, m.area, m.place, m.point, m.agent, m.count, m.classify, m.source, m.identity, m.narrate,
	} {
		if err := step(); err != nil {
			var refused *refusedError
			if errors.As(err, &refused) {
				return Mapped{Refusal: &refused.Refusal}
			}
			return Mapped{Refusal: &workflow.Refusal{Reason: fault.Of(err).Code}}
		}
	}
	return Mapped{Body: m.body, Flags: m.flags}
}
