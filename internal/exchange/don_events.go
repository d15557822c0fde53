package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

const donEventsName = "don_events"

// donEvents maps the coded database of WHO's Disease Outbreak News: one row for each country and disease of a report.
// Its tables are in profiles/don_events.json. What is decided here:
//
//   - A row is a report (unit report), never an incident; the source of all it says is the report itself.
//   - The area is told from the name of the country, not from its code, which is sometimes another country's.
//   - Counts stand as of the day of the report. The coder's remark says what they are: the world's ("global total"),
//     new ones ("new cases", "not a total": the report tells of some, not of all); else cumulative.
//   - A date is what is known of it: a year, a month, a day. A day or month that is not in the calendar is left off. A
//     date before 1950, or more than a month after the report that tells of it, is not taken over.
//   - "yes" without a date is a milestone whose date is unknown; for the end of an outbreak it is told in words.
//   - The coder's remarks are words for members, not part of the public narrative.
type donEvents struct {
	data donData
	naming
	table map[[2]string]donDisease
}

type donData struct {
	Name            string              `json:"name"`
	Version         string              `json:"version"`
	Collection      incident.Collection `json:"collection"`
	TextAttribution string              `json:"text_attribution"`
	Publisher       string              `json:"publisher"`
	Container       string              `json:"container"`
	Language        string              `json:"language"`
	Columns         []string            `json:"columns"`
	Unread          []string            `json:"unread"` // columns that are known and not needed
	RowID           string              `json:"row_id"`
	Texts           struct {
		Key  string `json:"key"`
		Text string `json:"text"`
		By   string `json:"by"`
	} `json:"texts"`
	Missing      []string `json:"missing"`
	EarliestYear int      `json:"earliest_year"`
	DaysAhead    int      `json:"days_ahead"` // after the report, for what it announces
	Verification string   `json:"verification"`
	Milestones   []struct {
		Event     string `json:"event"` // before Year, Month and Day in the names of columns
		Milestone string `json:"milestone"`
	} `json:"milestones"`
	Counts []struct {
		Column  string `json:"column"`
		ID      string `json:"id"`
		Measure string `json:"measure"`
	} `json:"counts"`
	Types []struct {
		Prefix string `json:"prefix"`
		Type   string `json:"type"`
	} `json:"types"`
	Notes    []donNote    `json:"notes"`
	Diseases []donDisease `json:"diseases"`
}

// donNote is what a coder's remark says of a row: when it is these words, or holds them.
type donNote struct {
	Is       string   `json:"is"`
	Holds    string   `json:"holds"`
	Place    string   `json:"place"`    // of the counts
	Basis    string   `json:"basis"`    // of the counts
	Measures []string `json:"measures"` // of those counts only
	Domain   string   `json:"domain"`
}

// donDisease codes a disease and its subtype where names alone would not do, or not exactly.
type donDisease struct {
	Level1   string   `json:"level1"`
	Level2   string   `json:"level2"`
	Agent    string   `json:"agent"`
	Subtype  string   `json:"subtype"`
	Diseases []string `json:"diseases"`
	Type     string   `json:"type"`
	Domains  []string `json:"domains"`
}

// newDonEvents reads the profile's data; a code in it that no vocabulary holds is an error.
func newDonEvents(sch *schema.Schema, o Options) (Profile, error) {
	p := &donEvents{naming: naming{sch}, table: map[[2]string]donDisease{}}
	if err := readProfile(donEventsName, &p.data); err != nil {
		return nil, fmt.Errorf("profiles/don_events.json: %w", err)
	}
	if err := o.checkSet(sch, []string{setLanguage, setVerification}); err != nil {
		return nil, err
	}
	p.data.Language = cmp.Or(o.Set[setLanguage], p.data.Language)
	p.data.Verification = cmp.Or(o.Set[setVerification], p.data.Verification)
	for _, d := range p.data.Diseases {
		p.table[[2]string{d.Level1, d.Level2}] = d
	}
	for i := range p.data.Notes {
		note := &p.data.Notes[i]
		note.Is, note.Holds = schema.Fold(note.Is), schema.Fold(note.Holds)
	}
	if err := p.checkCodes(); err != nil {
		return nil, fmt.Errorf("profiles/don_events.json: %w", err)
	}
	return p, nil
}

func (p *donEvents) checkCodes() error {
	check := codeCheck{schema: p.schema}
	ask := check.ask
	for _, d := range p.data.Diseases {
		ask("agents", d.Agent)
		ask("diseases", d.Diseases...)
		ask("incident_type", d.Type)
		ask("domain", d.Domains...)
	}
	for _, n := range p.data.Notes {
		ask("areas", n.Place)
		ask("count_basis", n.Basis)
		ask("measure", n.Measures...)
		ask("domain", n.Domain)
	}
	for _, c := range p.data.Counts {
		ask("measure", c.Measure)
	}
	for _, t := range p.data.Types {
		ask("incident_type", t.Type)
	}
	ask("verification", p.data.Verification)
	ask("licence", p.data.Collection.Licence)
	return errors.Join(check.wrong...)
}

// Name gives don_events.
func (p *donEvents) Name() string { return p.data.Name }

// Columns gives the columns it reads.
func (p *donEvents) Columns() []string { return p.data.Columns }

// Unread gives the columns it knows and does not need.
func (p *donEvents) Unread() []string { return p.data.Unread }

// DateColumns are those of days: those of milestones are parted into three.
func (p *donEvents) DateColumns() map[string]string {
	return map[string]string{"ReportDate": MonthDayYear}
}

// Texts joins by the last part of the report's address.
func (p *donEvents) Texts() (key, text, by string) {
	return p.data.Texts.Key, p.data.Texts.Text, p.data.Texts.By
}

// RowID gives the id of the row in the coded database.
func (p *donEvents) RowID(row Row) string { return p.value(row, p.data.RowID) }

// value gives a cell on one line, "" when it is missing. That NA stands for Namibia is no question here: the code of
// the country is not read.
func (p *donEvents) value(row Row, column string) string {
	return valueOf(row, column, p.data.Missing)
}

// Map gives what a row means.
func (p *donEvents) Map(row Row, texts Texts) Mapped {
	m := donRow{profile: p, reading: reading{row: row}}
	for _, step := range []func() error{
		m.source, func() error { return m.identity(texts) }, m.agent, m.place, m.remarks, m.impact, m.milestones,
		m.response, m.classify,
	} {
		if err := step(); err != nil {
			var refused *refusedError
			if errors.As(err, &refused) {
				return Mapped{Refusal: &refused.Refusal}
			}
			return Mapped{Refusal: &workflow.Refusal{Reason: fault.Of(err).Code}}
		}
	}
	m.narrate(texts)
	return Mapped{Body: m.body, Flags: m.flags}
}

// donRow is one row on its way to a body.
type donRow struct {
	reading
	profile  *donEvents
	body     incident.Body
	reported incident.Date
	day      incident.Day
	note     donNote  // what the coder's remark says of all counts
	narrow   donNote  // what it says of some counts
	domains  []string // it adds
}

func (m *donRow) value(column string) string { return m.profile.value(m.row, column) }

// source makes the report the one source of everything the row says.
func (m *donRow) source() error {
	date, ok := readDay(m.value("ReportDate"), m.row.order("ReportDate"), m.profile.data.EarliestYear)
	if !ok || len(date) != len("2006-01-02") {
		return m.refuse("ReportDate", reasonDate)
	}
	m.reported, m.day = date, date.Bounds().Earliest
	headline := m.value("Headline")
	if headline == "" {
		return m.refuse("Headline", reasonNoValue)
	}
	data := &m.profile.data
	source := incident.Source{
		ID: "s1", Type: "igo_report", Language: data.Language, Published: date, Default: true,
		Citation: map[string]any{"type": "report", "title": cutWord(headline, 1000), "publisher": data.Publisher,
			"container-title": data.Container},
	}
	if link := m.value("Link"); isAddress(link) {
		source.URL = link
	} else {
		m.flag(FlagLinkDropped)
		m.aside("The address of the report in the source, %q, is none.", cutWord(link, 200))
	}
	m.body.Sources = []incident.Source{source}
	return nil
}

// isAddress tells whether a text is an address on the web that the schema admits.
func isAddress(text string) bool {
	const most = 2000
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && len(text) <= most &&
		!strings.ContainsAny(text, " <>\"")
}

func (m *donRow) identity(texts Texts) error {
	collection := m.profile.data.Collection
	if m.text(texts) != "" {
		collection.Attribution += m.profile.data.TextAttribution
	}
	m.body.Identity = incident.Identity{
		Unit: incident.UnitReport, Collection: &collection, Completeness: "initial_report",
		ExternalIDs: []incident.ExternalID{{ID: "x1", Scheme: "source_row", Value: m.profile.RowID(m.row)}},
	}
	if don := m.value("DONid"); don != "" {
		m.body.Identity.ExternalIDs = append(m.body.Identity.ExternalIDs,
			incident.ExternalID{ID: "x2", Scheme: "who_don", Value: don})
	}
	return nil
}

func (m *donRow) text(texts Texts) string { return texts[m.value(m.profile.data.Texts.By)] }

// agent codes the disease as reported, by the table of the profile or by its names.
func (m *donRow) agent() error {
	first, second := m.value("DiseaseLevel1"), m.value("DiseaseLevel2")
	if first == "" {
		return m.refuse("DiseaseLevel1", reasonNoValue)
	}
	coded := m.profile.code(first, second)
	agent := incident.Agent{ID: "g1", Agent: coded.Agent, Name: first, Diseases: coded.Diseases, Subtype: coded.Subtype}
	if second != "" {
		agent.Name += ": " + second
	}
	agent.Name = cutWord(agent.Name, 300)
	if coded.Agent == "" && len(coded.Diseases) == 0 {
		m.flag(FlagUncoded)
	}
	switch confirmed, err := m.yesOrNo("LabConfirmation"); {
	case err != nil:
		return err
	case confirmed == "yes":
		agent.Identification = "laboratory_confirmed"
	case confirmed == "no":
		agent.Identification = "suspected"
	}
	m.body.Agents = []incident.Agent{agent}
	m.body.Classification.IncidentType = coded.Type
	m.body.Classification.Domains = slices.Clone(coded.Domains)
	return nil
}

// code gives what the table of the profile says of a disease, and what names say where it is silent.
func (p *donEvents) code(first, second string) donDisease {
	coded, ok := p.table[[2]string{first, second}]
	if !ok {
		coded = p.table[[2]string{first, ""}]
		coded.Subtype = ""
	}
	if len(coded.Diseases) == 0 {
		coded.Diseases = p.diseases(first, second)
	}
	if coded.Agent == "" {
		coded.Agent = p.agent(coded.Diseases, second, first)
	}
	if coded.Type == "" {
		for _, t := range p.data.Types {
			if strings.HasPrefix(first, t.Prefix) {
				coded.Type = t.Type
				break
			}
		}
	}
	if len(coded.Domains) == 0 {
		coded.Domains = []string{"human"}
	}
	return coded
}

// place tells the area from the name of the country. A report without a country is about no area in particular.
func (m *donRow) place() error {
	country := m.value("Country")
	if country == "" {
		m.body.Place.Areas = incident.Say[[]incident.Area]("unknown")
	} else {
		code, ok := m.profile.schema.Resolve("areas", country)
		if !ok {
			return m.refuse("Country", reasonArea)
		}
		m.body.Place.Areas = incident.Know([]incident.Area{{ID: "a1", Area: code, Role: "occurrence"}})
	}
	if where := m.value("OutbreakEpicenter"); where != "" {
		const most = 300
		short := cutWord(where, most)
		if short != where {
			m.aside("The source names these places: %s", where)
		}
		m.body.Place.Locality = incident.State(short, "s1")
	}
	return nil
}

// remarks reads what the coder noted about the numbers.
func (m *donRow) remarks() error {
	note := m.value("Notes")
	if note == "" {
		return nil
	}
	m.aside("Remark of the coder: %s", note)
	folded := schema.Fold(note)
	for _, rule := range m.profile.data.Notes {
		if rule.Is != "" && rule.Is != folded || !strings.Contains(folded, rule.Holds) {
			continue
		}
		if rule.Domain != "" && !slices.Contains(m.domains, rule.Domain) {
			m.domains = append(m.domains, rule.Domain)
		}
		into := &m.note
		if len(rule.Measures) > 0 {
			into = &m.narrow
			into.Measures = rule.Measures
		}
		if rule.Place != "" {
			into.Place = rule.Place
		}
		if rule.Basis != "" {
			into.Basis = rule.Basis
		}
	}
	return nil
}

// impact reads the numbers.
func (m *donRow) impact() error {
	for _, c := range m.profile.data.Counts {
		text := m.value(c.Column)
		if text == "" {
			continue
		}
		q, err := incident.ParseQuantity(text)
		if err != nil {
			return m.refuse(c.Column, fault.Of(err).Code)
		}
		count := incident.Count{ID: c.ID, Measure: c.Measure, Basis: incident.BasisCumulative, Low: q.Low, High: q.High,
			Qualifier: q.Qualifier, AsOf: m.reported}
		for _, said := range []donNote{m.note, m.narrow} {
			if len(said.Measures) > 0 && !slices.Contains(said.Measures, c.Measure) {
				continue
			}
			if said.Place != "" {
				count.Place = said.Place
			}
			if said.Basis != "" {
				count.Basis = said.Basis
			}
		}
		m.body.Impact.Counts = append(m.body.Impact.Counts, count)
	}
	return nil
}

// milestones reads the dates.
func (m *donRow) milestones() error {
	into := map[string]*incident.Known[incident.Date]{
		"onset": &m.body.Time.Onset, "detection": &m.body.Time.Detection,
		"laboratory_confirmation":    &m.body.Time.LaboratoryConfirmation,
		"national_notification":      &m.body.Time.NationalNotification,
		"international_notification": &m.body.Time.InternationalNotification,
		"public_communication":       &m.body.Time.PublicCommunication,
		"first_intervention":         &m.body.Time.FirstIntervention, "end": &m.body.Time.End,
	}
	for _, ms := range m.profile.data.Milestones {
		said := ""
		if _, flagged := m.row.index[ms.Event]; flagged {
			answer, err := m.yesOrNo(ms.Event)
			if err != nil {
				return err
			}
			said = answer
		}
		date := m.date(ms.Event)
		switch {
		case ms.Milestone == "timeline":
			if date != "" {
				m.body.Narrative.Timeline = append(m.body.Narrative.Timeline, incident.TimelineEntry{
					ID: "t1", Date: date, Text: incident.Say1("en", "The outbreak was verified."), Sources: []string{"s1"}})
			}
		case date != "":
			*into[ms.Milestone] = incident.Know(date)
		case said == "yes" && ms.Milestone == "end":
			if m.value(ms.Event+"Year") == "" {
				m.aside("The source says that the outbreak ended, without a date.")
			}
		case said == "yes":
			*into[ms.Milestone] = incident.Say[incident.Date]("unknown")
		}
	}
	return nil
}

// date reads a date from its three columns, as far as it can be right.
func (m *donRow) date(event string) incident.Date {
	year, month, day := m.value(event+"Year"), m.value(event+"Month"), m.value(event+"Day")
	if year == "" {
		return ""
	}
	date, whole := partialDate(year, month, day)
	written := strings.Trim(year+"-"+month+"-"+day, "-")
	if date == "" || !m.plausible(date) {
		m.flag(FlagDateDropped)
		m.aside("The source gives %s for %s; it is not taken over, because it does not agree with the date of the report.",
			cutWord(written, 60), event)
		return ""
	}
	if !whole {
		m.flag(FlagDateDropped)
		m.aside("The source gives %s for %s; only %s of it is in the calendar.", cutWord(written, 60), event, date)
	}
	return date
}

// plausible tells whether a report of that day can tell of the date.
func (m *donRow) plausible(date incident.Date) bool {
	bounds := date.Bounds()
	return bounds.Earliest >= incident.DayOf(m.profile.data.EarliestYear, 1, 1) &&
		bounds.Earliest <= m.day+incident.Day(m.profile.data.DaysAhead)
}

// response reads what was done.
func (m *donRow) response() error {
	acted, err := m.yesOrNo("PHIntervention")
	if err != nil {
		return err
	}
	if acted == "yes" {
		m.body.Response.Actions = []incident.ResponseAction{{ID: "r1", Action: "public_health_intervention_unspecified",
			Date: m.body.Time.FirstIntervention.Value}}
	}
	if m.body.Response.MassGathering, err = m.yesOrNo("MassGathering"); err != nil {
		return err
	}
	resisted, err := m.yesOrNo("CommunityResistance")
	if resisted == "yes" {
		m.body.Response.CommunityAcceptance = "partly_resisted"
	}
	return err
}

func (m *donRow) yesOrNo(column string) (string, error) {
	switch text := strings.ToLower(m.value(column)); text {
	case "", "yes", "no":
		return text, nil
	}
	return "", m.refuse(column, reasonYesNo)
}

// classify says what kind of event it is. Nobody assessed how it began.
func (m *donRow) classify() error {
	c := &m.body.Classification
	c.Occurrence = "undetermined"
	for _, count := range m.body.Impact.Counts {
		if low, high, _ := count.Quantity().Interval(); low > 0 || high > 0 {
			c.Occurrence = "harm_occurred"
		}
	}
	c.Verification = m.profile.data.Verification
	for _, domain := range m.domains {
		if !slices.Contains(c.Domains, domain) {
			c.Domains = append(c.Domains, domain)
		}
	}
	m.body.Cause.NotAssessed = true
	return nil
}

// narrate puts the words in: the headline, the report where it is at hand, and what is for members only.
func (m *donRow) narrate(texts Texts) {
	const mostSubtitle, mostSummary = 300, 4000
	language := m.profile.data.Language
	headline := m.value("Headline")
	m.body.Narrative.Subtitle = incident.Say1(language, cutWord(headline, mostSubtitle))
	summary := m.text(texts)
	if summary == "" {
		summary = headline
	}
	m.body.Narrative.Summary = incident.Say1(language, cutSentence(summary, mostSummary))
	if len(m.asides) > 0 {
		m.body.Narrative.Members = incident.Say1("en", strings.Join(m.asides, "\n"))
	}
}

// partialDate gives as much of a year, month and day as is in the calendar, and whether that is all of it.
func partialDate(year, month, day string) (date incident.Date, whole bool) {
	y, err := strconv.Atoi(year)
	if err != nil || y < 1 || y > 9999 {
		return "", false
	}
	date = incident.Date(fmt.Sprintf("%04d", y))
	for _, part := range []string{month, day} {
		if part == "" {
			return date, day == ""
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 31 {
			return date, false
		}
		finer, err := incident.ParseDate(fmt.Sprintf("%s-%02d", date, n))
		if err != nil || n > 12 && len(date) == len("2006") {
			return date, false
		}
		date = finer
	}
	return date, true
}
