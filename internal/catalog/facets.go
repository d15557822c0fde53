package catalog

import (
	"slices"

	"bioincident/search"
)

// facets puts counted facets into words. A value that is asked for is listed even when no record has it any more: it
// must be possible to take it back.
func (c *Catalog) facets(in SearchIn, counted []search.Facet) []Facet {
	out := make([]Facet, 0, len(counted))
	for _, f := range counted {
		asked := askedOf(in, f.Name)
		facet := Facet{Name: f.Name, Label: c.facetLabel(f.Name, in.Lang), Values: make([]Value, 0, len(f.Values)), NotStated: Value{
			Code: search.NotStated, Label: c.Message.Say(in.Lang, "facet.not_stated", nil), Records: f.NotStated,
			Selected: slices.Contains(asked, search.NotStated),
		}}
		for _, v := range f.Values {
			facet.Values = append(facet.Values, Value{Code: v.Code, Label: c.valueLabel(f.Name, v.Code, in.Lang), Parent: v.Parent,
				Records: v.Records, Selected: slices.Contains(asked, v.Code)})
		}
		for _, code := range asked {
			listed := slices.ContainsFunc(f.Values, func(v search.Value) bool { return v.Code == code })
			if !listed && code != search.NotStated {
				facet.Values = append(facet.Values, Value{Code: code, Label: c.valueLabel(f.Name, code, in.Lang), Selected: true})
			}
		}
		out = append(out, facet)
	}
	return out
}

func askedOf(in SearchIn, facet string) []string {
	for _, f := range in.Filters {
		if f.Facet == facet {
			return f.Codes
		}
	}
	return nil
}

// facetLabel is the title of its vocabulary, or words of its own.
func (c *Catalog) facetLabel(facet, lang string) string {
	if list, ok := c.Schema.Vocabulary(vocabularyOf(facet)); ok {
		return list.Title(lang)
	}
	return c.Message.Say(lang, "facet."+facet, nil)
}

func (c *Catalog) valueLabel(facet, code, lang string) string {
	if list, ok := c.Schema.Vocabulary(vocabularyOf(facet)); ok {
		return list.Label(code, lang)
	}
	if facet == "language" {
		return c.Message.Say(lang, "language."+code, nil)
	}
	return code // a year, the first year of a decade, a name
}

func histogram(counted *search.Histogram) *Histogram {
	if counted == nil {
		return nil
	}
	h := &Histogram{Step: counted.Step, Bars: make([]Bar, 0, len(counted.Bars)), Undated: counted.Undated}
	for _, bar := range counted.Bars {
		h.Bars = append(h.Bars, Bar(bar))
	}
	return h
}
