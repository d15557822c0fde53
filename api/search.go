package api

import (
	"context"
	"unicode/utf8"

	"bioincident/api/gen"
	"bioincident/internal/catalog"
)

// Search finds records.
func (s *Server) Search(ctx context.Context, in gen.SearchRequestObject) (gen.SearchResponseObject, error) {
	r := asked(ctx)
	query := searchIn(in.Params)
	query.Facets, query.Histogram, query.Group = each(in.Params.Facets, text), string(in.Params.Histogram), in.Params.Group
	query.Limit, query.Cursor, query.Lang = in.Params.Limit, s.cursors.Open(in.Params.Cursor), r.lang
	found, err := s.Catalog.Search(r.ctx, r.who, query)
	if err != nil {
		return nil, under("/query", err)
	}
	answer := gen.SearchAnswer{
		Total: found.Total, Certain: found.Certain, Restricted: found.Restricted, Groups: found.Groups, Undated: found.Undated,
		Order: gen.Order(found.Order), Hits: each(found.Hits, func(h catalog.Hit) gen.Hit { return s.hit(r.lang, h) }), Next: s.cursors.Next(found.Next), FeedPosition: found.Position.No,
		Facets: each(found.Facets, facet), Histogram: histogram(found.Histogram),
	}
	for _, u := range found.Understood {
		answer.Understood = append(answer.Understood, gen.Understood{Words: u.Words, List: u.List, Codes: list(u.Codes), Label: u.Label})
	}
	return gen.Search200JSONResponse{Body: answer}, nil
}

// text gives the code of an enumeration as words.
func text[T ~string](code T) string { return string(code) }

// searchIn reads the question that search and export have in common.
func searchIn(p gen.SearchParams) catalog.SearchIn {
	in := catalog.SearchIn{
		Q: p.Q, Began: p.Began, Active: p.Active, Reported: p.Reported, Deaths: p.Deaths, Cases: p.Cases, Certain: p.Certain,
		Sort: string(p.Sort), GroupOf: p.GroupOf, Public: p.View == gen.SearchParamsViewPublic,
	}
	for _, f := range []catalog.Filter{
		{Facet: "unit", Codes: each(p.Unit, text)}, {Facet: "collection", Codes: p.Collection}, {Facet: "cause", Codes: p.Cause},
		{Facet: "occurrence", Codes: p.Occurrence}, {Facet: "type", Codes: p.Type}, {Facet: "domain", Codes: p.Domain},
		{Facet: "disease", Codes: p.Disease}, {Facet: "agent", Codes: p.Agent}, {Facet: "area", Codes: p.Area},
		{Facet: "decade", Codes: p.Decade}, {Facet: "year", Codes: p.Year}, {Facet: "setting", Codes: p.Setting},
		{Facet: "verification", Codes: p.Verification}, {Facet: "severity", Codes: p.Severity}, {Facet: "response", Codes: p.Response},
		{Facet: "lesson_phase", Codes: p.LessonPhase}, {Facet: "language", Codes: p.Language}, {Facet: "organization", Codes: p.Organization},
	} {
		if len(f.Codes) > 0 {
			in.Filters = append(in.Filters, f)
		}
	}
	return in
}

// parameters says a question as it can be asked again, in the order of the contract.
func parameters(in catalog.SearchIn) []gen.AskedParameter {
	out := []gen.AskedParameter{}
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			out = append(out, gen.AskedParameter{Name: name, Values: values})
		}
	}
	add("q", in.Q)
	for _, f := range in.Filters {
		add(f.Facet, f.Codes...)
	}
	add("began", in.Began)
	add("active", in.Active)
	add("reported", in.Reported)
	add("deaths", in.Deaths)
	add("cases", in.Cases)
	if in.Certain {
		add("certain", "true")
	}
	add("sort", in.Sort)
	add("group_of", in.GroupOf)
	if in.Public {
		add("view", string(gen.SearchParamsViewPublic))
	}
	add("lang", in.Lang)
	return out
}

func (s *Server) hit(lang string, h catalog.Hit) gen.Hit {
	return gen.Hit{
		Id: h.ID, Edition: h.Edition, Tier: gen.Tier(h.Tier.String()), Title: h.Title, Facts: h.Facts, Unit: h.Unit, Cause: h.Cause,
		ReferenceDate: string(h.Reference), ReferenceIs: h.ReferenceIs, Published: moment(h.Published), Owner: h.Owner,
		Licence: h.Licence, ReviewDepth: h.ReviewDepth, ExternalIds: externalIDs(h.ExternalIDs),
		Highlights: each(h.Highlights, highlight), Match: gen.HitMatch(h.Match.String()),
		Why:        each(h.Why, func(part string) gen.HitWhy { return gen.HitWhy(part) }),
		Restricted: h.Restricted, Group: h.Group, Others: h.Others, Notes: s.flags(lang, h.Notes),
	}
}

// highlight counts marks in characters: bytes mean nothing to a reader whose language has no bytes in strings.
func highlight(h catalog.Highlight) gen.Highlight {
	marks := make([][]int, 0, len(h.Marks))
	for _, m := range h.Marks {
		from := utf8.RuneCountInString(h.Text[:m[0]])
		marks = append(marks, []int{from, from + utf8.RuneCountInString(h.Text[m[0]:m[1]])})
	}
	return gen.Highlight{Field: h.Field, Language: h.Lang, Text: h.Text, Marks: marks}
}

func facet(f catalog.Facet) gen.Facet {
	return gen.Facet{Name: f.Name, Label: f.Label, Values: each(f.Values, facetValue), NotStated: facetValue(f.NotStated)}
}

func facetValue(v catalog.Value) gen.FacetValue {
	return gen.FacetValue{Code: v.Code, Label: v.Label, Parent: v.Parent, Records: v.Records, Selected: v.Selected}
}

func histogram(h *catalog.Histogram) gen.Histogram {
	if h == nil {
		return gen.Histogram{}
	}
	return gen.Histogram{Step: gen.HistogramStep(h.Step), Undated: h.Undated, Bars: each(h.Bars, func(b catalog.Bar) gen.HistogramBar {
		return gen.HistogramBar{From: b.From, Certainly: b.Certainly, Possibly: b.Possibly}
	})}
}

// Suggest says how a question that was begun can go on.
func (s *Server) Suggest(ctx context.Context, in gen.SuggestRequestObject) (gen.SuggestResponseObject, error) {
	r := asked(ctx)
	found, err := s.Catalog.Suggest(r.ctx, r.who, catalog.SuggestIn{
		Text: in.Params.Q, Limit: in.Params.Limit, Public: in.Params.View == gen.SuggestParamsViewPublic, Lang: r.lang,
	})
	if err != nil {
		return nil, under("/query", err)
	}
	return gen.Suggest200JSONResponse{Body: gen.Suggestions{Suggestions: each(found, func(s catalog.Suggestion) gen.Suggestion {
		return gen.Suggestion{
			Kind: gen.SuggestionKind(s.Kind), List: s.List, Code: s.Code, Facet: s.Facet, Text: s.Text, Records: s.Records,
		}
	})}}, nil
}

// ExportIncidents streams the whole answer of a search.
func (s *Server) ExportIncidents(ctx context.Context, in gen.ExportIncidentsRequestObject) (gen.ExportIncidentsResponseObject, error) {
	r := asked(ctx)
	p := in.Params
	query := searchIn(gen.SearchParams{
		Q: p.Q, Unit: p.Unit, Collection: p.Collection, Cause: p.Cause, Occurrence: p.Occurrence, Type: p.Type, Domain: p.Domain,
		Disease: p.Disease, Agent: p.Agent, Area: p.Area, Decade: p.Decade, Year: p.Year, Setting: p.Setting,
		Verification: p.Verification, Severity: p.Severity, Response: p.Response, LessonPhase: p.LessonPhase, Language: p.Language,
		Organization: p.Organization, Began: p.Began, Active: p.Active, Reported: p.Reported, Deaths: p.Deaths, Cases: p.Cases,
		Certain: p.Certain, Sort: p.Sort, GroupOf: p.GroupOf, View: gen.SearchParamsView(p.View),
	})
	query.Lang = r.lang
	return s.stream(r, func(ctx context.Context, out *lines) error {
		err := s.Catalog.Export(ctx, r.who, query, func(line catalog.Line) error {
			return out.write(s.exportLine(r.lang, line))
		})
		return under("/query", err)
	}), nil
}

// notice gives what the installation says of itself; "" is nothing.
func (s *Server) notice(lang string) string {
	if s.Notice == "" {
		return ""
	}
	return s.Message.Say(lang, s.Notice, nil)
}

func (s *Server) exportLine(lang string, line catalog.Line) gen.ExportLine {
	switch {
	case line.Head != nil:
		head := line.Head
		return gen.ExportLine{Export: &gen.ExportHead{
			Notice: s.notice(lang), Query: head.Query.Q, Parameters: parameters(head.Query), At: moment(head.At),
			Tier: gen.Tier(head.Position.Tier.String()), FeedPosition: head.Position.No,
			Schema: head.Schema, Criteria: head.Criteria, Total: head.Total,
			Licences: each(head.Licences, func(l catalog.Licence) gen.ExportLicence {
				return gen.ExportLicence{Collection: l.Collection, Licence: l.Licence, Attribution: l.Attribution, Records: l.Records}
			}),
		}}
	case line.Record != nil:
		return gen.ExportLine{Incident: s.incident(lang, *line.Record)}
	}
	end := gen.ExportEnd{Omitted: []gen.ExportOmitted{}}
	if line.Tail != nil {
		end.Records = line.Tail.Records
		for _, o := range line.Tail.Omitted {
			end.Omitted = append(end.Omitted, gen.ExportOmitted{Reason: o.Reason, Detail: s.say(lang, o.Reason, nil), Records: o.Records})
		}
	}
	return gen.ExportLine{End: &end}
}
