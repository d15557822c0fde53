package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// Collection names what generated records come from, so that nobody takes them for anything else.
const Collection = "Generated records (not real)"

// Generator makes bodies of records that look like those of a registry and tell of nothing that ever happened: few
// diseases and countries have most of the records, dates are partial, counts are uncertain and have long tails, texts are
// in one to six languages and share a vocabulary that has few frequent and many rare words. The same seed and number
// give the same body, whatever was made before.
type Generator struct {
	seed     uint64
	schema   *schema.Schema
	diseases []schema.Term
	areas    []schema.Term
	names    map[string][]string // invented places and people's words by language, frequent ones first
}

// NewGenerator makes a generator.
func NewGenerator(sch *schema.Schema, seed uint64) (*Generator, error) {
	g := &Generator{seed: seed, schema: sch, names: map[string][]string{}}
	diseases, ok := sch.Vocabulary("diseases")
	if !ok {
		return nil, fmt.Errorf("vocabulary diseases is missing")
	}
	for _, term := range diseases.Terms() {
		if len(term.Agents) > 0 {
			g.diseases = append(g.diseases, term)
		}
	}
	areas, ok := sch.Vocabulary("areas")
	if !ok {
		return nil, fmt.Errorf("vocabulary areas is missing")
	}
	for _, term := range areas.Terms() {
		if len(term.Code) == len("FRA") && strings.ToUpper(term.Code) == term.Code && term.Code[0] > '9' {
			g.areas = append(g.areas, term)
		}
	}
	order := rand.New(rand.NewPCG(seed, 0))
	order.Shuffle(len(g.diseases), func(i, j int) { g.diseases[i], g.diseases[j] = g.diseases[j], g.diseases[i] })
	order.Shuffle(len(g.areas), func(i, j int) { g.areas[i], g.areas[j] = g.areas[j], g.areas[i] })
	for _, language := range incident.Languages() {
		g.names[language] = inventNames(order, language)
	}
	return g, nil
}

// draw is one record being made.
type draw struct {
	*Generator
	*rand.Rand
	number  int
	disease schema.Term
	area    string
}

// Body makes the body of a number, from 1.
func (g *Generator) Body(number int) incident.Body {
	d := draw{Generator: g, Rand: rand.New(rand.NewPCG(g.seed, uint64(number))), number: number}
	d.disease = g.diseases[d.skewed(len(g.diseases))]
	d.area = g.areas[d.skewed(len(g.areas))].Code
	body := incident.Body{}
	body.Identity = incident.Identity{
		Unit: d.weighted([]string{"report", "incident", "surveillance_row"}, 60, 30, 10),
		Collection: &incident.Collection{Name: Collection, Source: "bid bench generate", Licence: "cc0_1_0",
			Criteria: "Made by a program to measure with. None of it happened."},
		ExternalIDs:  []incident.ExternalID{{ID: "x1", Scheme: "source_row", Value: g.RowID(number)}},
		Completeness: d.weighted([]string{"standard", "initial_report", "full"}, 70, 20, 10),
	}
	if d.IntN(4) == 0 { // of an event that others report on, too
		body.Identity.ExternalIDs = append(body.Identity.ExternalIDs,
			incident.ExternalID{ID: "x2", Scheme: "glide", Value: fmt.Sprintf("EP-%04d-%06d-%s", 1990+d.IntN(36), d.number/8, d.area)})
	}
	year := 1960 + d.skewedUp(66)
	onset := d.date(year)
	body.Time.Onset = incident.Know(onset)
	if d.IntN(3) == 0 {
		body.Time.InternationalNotification = incident.Know(incident.Date(fmt.Sprintf("%04d-%02d", year+1, 1+d.IntN(12))))
	}
	body.Classification = d.classification()
	body.Cause = incident.Cause{NotAssessed: true}
	body.Place.Areas = incident.Know([]incident.Area{{ID: "p1", Area: d.area, Role: "occurrence"}})
	if d.IntN(12) == 0 {
		other := g.areas[d.skewed(len(g.areas))].Code
		if other != d.area {
			body.Place.Areas.Value = append(body.Place.Areas.Value, incident.Area{ID: "p2", Area: other, Role: "occurrence"})
		}
	}
	if d.IntN(2) == 0 {
		body.Place.Settings = []string{d.pick("community", "healthcare", "laboratory", "farm", "market_or_food_establishment", "school", "natural_area")}
	}
	body.Agents = []incident.Agent{{ID: "g1", Agent: d.disease.Agents[0], Diseases: []string{d.disease.Code}}}
	body.Impact.Counts = d.counts()
	if d.IntN(3) == 0 {
		body.Response.Actions = []incident.ResponseAction{{ID: "r1", Action: d.action()}}
	}
	if d.IntN(20) == 0 {
		body.Lessons = []incident.Lesson{{ID: "l1", Phase: d.term("lesson_phase"), Lesson: d.text(12)}}
	}
	body.Narrative.Summary = d.text(40 + d.IntN(60))
	if d.IntN(5) == 0 {
		body.Narrative.Members = d.text(30)
	}
	body.Sources = []incident.Source{{ID: "s1", Type: "igo_report", Default: true, Published: incident.Date(fmt.Sprintf("%04d-%02d", year+1, 1+d.IntN(12))),
		Citation: map[string]any{"type": "report", "title": fmt.Sprintf("Generated report %d", number), "publisher": "Nobody"}}}
	return body
}

// RowID is the id of a number as the body states it.
func (g *Generator) RowID(number int) string { return fmt.Sprintf("gen-%d-%08d", g.seed, number) }

// skewed gives a number below n, small ones far more often: about as 1/(i+1).
func (d draw) skewed(n int) int { return int(math.Pow(float64(n)+1, d.Float64())) - 1 }

// skewedUp gives a number below n, large ones more often.
func (d draw) skewedUp(n int) int { return n - 1 - int(float64(n)*d.Float64()*d.Float64()) }

func (d draw) pick(values ...string) string { return values[d.IntN(len(values))] }

func (d draw) weighted(values []string, weights ...int) string {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.IntN(sum)
	for i, w := range weights {
		if at < w {
			return values[i]
		}
		at -= w
	}
	return values[0]
}

// term gives any term of a vocabulary.
func (d draw) term(list string) string {
	vocabulary, ok := d.schema.Vocabulary(list)
	if !ok {
		return ""
	}
	terms := vocabulary.Terms()
	return terms[d.IntN(len(terms))].Code
}

func (d draw) action() string {
	for {
		if code := d.term("response_action"); !strings.HasSuffix(code, "other") {
			return code
		}
	}
}

// date gives a date of a year, as precise as dates of old events are.
func (d draw) date(year int) incident.Date {
	month := 1 + d.IntN(12)
	switch d.IntN(10) {
	case 0:
		return incident.Date(fmt.Sprintf("%04d", year))
	case 1:
		return incident.Date(fmt.Sprintf("%04d~", year))
	case 2:
		return incident.Date(fmt.Sprintf("%03dX", year/10))
	case 3, 4:
		return incident.Date(fmt.Sprintf("%04d-%02d", year, month))
	case 5:
		return incident.Date(fmt.Sprintf("%04d-%02d/%04d-%02d", year, month, year+1, month))
	}
	return incident.Date(fmt.Sprintf("%04d-%02d-%02d", year, month, 1+d.IntN(28)))
}

func (d draw) classification() incident.Classification {
	var domains []string
	if agents, ok := d.schema.Vocabulary("agents"); ok {
		if agent, ok := agents.Term(d.disease.Agents[0]); ok {
			domains = agent.Domains
		}
	}
	c := incident.Classification{
		IncidentType: "outbreak.human_disease", Occurrence: "harm_occurred", Domains: []string{"human"},
		Verification: d.weighted([]string{"confirmed_by_competent_igo", "corroborated", "reported_unconfirmed", "confirmed_by_state_concerned"}, 50, 20, 20, 10),
	}
	switch {
	case slices.Contains(domains, "crop"):
		c.IncidentType, c.Domains = "outbreak.plant_disease_or_pest", []string{"crop"}
	case len(domains) > 0 && !slices.Contains(domains, "human"):
		c.IncidentType, c.Domains = "outbreak.animal_disease", domains[:1]
	case d.IntN(40) == 0:
		c.IncidentType, c.Occurrence = "laboratory_event.infection", "harm_occurred"
	case d.IntN(25) == 0:
		c.IncidentType = "poisoning_or_contamination.food_or_water"
	}
	return c
}

// counts gives cases and deaths with a long tail; some are ranges, some say only the least.
func (d draw) counts() []incident.Count {
	cases := int64(math.Exp(d.Float64() * 9))
	deaths := int64(float64(cases) * d.Float64() * d.Float64() * 0.3)
	counts := []incident.Count{d.count("c1", "total_reported", cases)}
	if d.IntN(3) > 0 {
		counts = append(counts, d.count("c2", "deaths", deaths))
	}
	return counts
}

func (d draw) count(id, measure string, n int64) incident.Count {
	c := incident.Count{ID: id, Measure: measure, Population: "people", Basis: "cumulative", Sources: []string{"s1"}}
	if c.Low = &n; d.IntN(6) == 0 {
		high := n + n/2 + 1
		c.High, c.Qualifier = &high, "range"
		return c
	}
	if d.IntN(10) == 0 {
		c.Qualifier = "at_least"
		return c
	}
	c.High, c.Qualifier = &n, "exact"
	return c
}

// text writes so many words in one language, often English too, at times in all six.
func (d draw) text(words int) incident.Text {
	source := d.weighted(incident.Languages(), weightsOf(incident.Languages())...)
	text := incident.Text{Source: source, In: map[string]incident.Words{}}
	languages := []string{source}
	switch at := d.IntN(10); {
	case at == 0:
		languages = incident.Languages()
	case at < 4 && source != "en":
		languages = append(languages, "en")
	}
	for _, language := range languages {
		text.In[language] = incident.Words{Text: d.sentences(language, words)}
	}
	return text
}

// weightsOf says how often a language is the first of a record.
func weightsOf(languages []string) []int {
	often := map[string]int{"en": 44, "fr": 16, "es": 15, "ru": 9, "ar": 8, "zh": 8}
	weights := make([]int, len(languages))
	for i, language := range languages {
		weights[i] = often[language]
	}
	return weights
}

func (d draw) sentences(language string, words int) string {
	diseases, _ := d.schema.Vocabulary("diseases")
	areas, _ := d.schema.Vocabulary("areas")
	names, blank := d.names[language], " "
	if language == "zh" {
		blank = ""
	}
	var b strings.Builder
	b.WriteString(diseases.Label(d.disease.Code, language) + blank + areas.Label(d.area, language) + ". ")
	for n := 0; n < words; n += 6 {
		phrase := phrases(language)[d.skewed(len(phrases(language)))]
		b.WriteString(phrase + blank + names[d.skewed(len(names))] + blank + names[d.skewed(len(names))] + ". ")
	}
	return strings.TrimSpace(b.String())
}
