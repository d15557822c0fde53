package message

import (
	"strconv"
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// Title composes a title from its parts, as labels with separators: "Anthrax · people · Sverdlovsk, USSR · April 1979".
// A place and the area it lies in are one element of the line.
func (c *Catalogue) Title(sch *schema.Schema, parts []incident.TitlePart, lang string) string {
	var line strings.Builder
	previous := ""
	for _, part := range parts {
		words := c.part(sch, part, lang)
		if words == "" {
			continue
		}
		if line.Len() > 0 {
			line.WriteString(c.Say(lang, separatorBetween(previous, part.Kind), nil))
		}
		line.WriteString(words)
		previous = part.Kind
	}
	return line.String()
}

func separatorBetween(before, after string) string {
	if before == after || before == "place" && after == "area" {
		return "list.separator"
	}
	return "fact.separator"
}

// part gives one part in words.
func (c *Catalogue) part(sch *schema.Schema, part incident.TitlePart, lang string) string {
	switch {
	case part.Date != "":
		return c.Date(part.Date, lang)
	case part.Low != nil || part.High != nil:
		return c.quantity(part, lang)
	case part.Text != "":
		return part.Text
	case part.List == "message":
		return c.Say(lang, part.Code, nil)
	}
	words := label(sch, part.List, part.Code, lang)
	if part.Kind == "purported" {
		return c.Say(lang, "agent.purported", map[string]any{"Agent": words})
	}
	return words
}

func label(sch *schema.Schema, list, code, lang string) string {
	vocabulary, ok := sch.Vocabulary(list)
	if !ok {
		return code
	}
	return vocabulary.Label(code, lang)
}

// quantity says a count of a key fact: "at least 64 deaths", "300–400 cases".
func (c *Catalogue) quantity(part incident.TitlePart, lang string) string {
	low, high := part.Low, part.High
	if low != nil && high != nil && *low != *high {
		shown := c.Say(lang, "number.range", map[string]any{"Low": Number(*low, lang), "High": Number(*high, lang)})
		return c.Count(lang, "fact."+part.Kind, *high, shown)
	}
	n := low
	if n == nil {
		n = high
	}
	words := c.Count(lang, "fact."+part.Kind, *n, Number(*n, lang))
	switch part.Qualifier {
	case "at_least", "at_most", "about":
		return c.Say(lang, "number."+part.Qualifier, map[string]any{"N": words})
	}
	return words
}

// Number groups a number by thousands: with a comma in English and Chinese, a full stop in Spanish, else a no-break space.
func Number(n int64, lang string) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	separator := "\u00a0"
	switch lang {
	case "en", "zh":
		separator = ","
	case "ar", "es":
		separator = "."
	}
	if len(digits) <= 4 && lang == "es" {
		return sign + digits
	}
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(digit)
	}
	return sign + b.String()
}

// Date says an EDTF date as people write it; EDTF itself is never shown.
func (c *Catalogue) Date(d incident.Date, lang string) string {
	text := string(d)
	if text == "" {
		return ""
	}
	from, to, interval := strings.Cut(text, "/")
	if !interval {
		return c.point(text, lang)
	}
	fromOpen, toOpen := from == "" || from == "..", to == "" || to == ".."
	switch {
	case fromOpen && toOpen:
		return c.Say(lang, "date.unknown", nil)
	case fromOpen:
		return c.Say(lang, "date.before", map[string]any{"To": c.point(to, lang)})
	case toOpen:
		return c.Say(lang, "date.after", map[string]any{"From": c.point(from, lang)})
	}
	return c.Say(lang, "date.range", map[string]any{"From": c.point(from, lang), "To": c.point(to, lang)})
}

// point says one end: a day, a month, a season, a year, a decade or a century, with its qualifier.
func (c *Catalogue) point(text, lang string) string {
	bare := strings.TrimRight(text, "?~%")
	words := c.calendar(bare, lang)
	switch strings.TrimPrefix(text, bare) {
	case "?":
		return c.Say(lang, "date.uncertain", map[string]any{"Date": words})
	case "~":
		return c.Say(lang, "date.about", map[string]any{"Date": words})
	case "%":
		return c.Say(lang, "date.about_uncertain", map[string]any{"Date": words})
	}
	return words
}

func (c *Catalogue) calendar(bare, lang string) string {
	parts := strings.Split(bare, "-")
	year := parts[0]
	switch {
	case strings.HasSuffix(year, "XX"):
		return c.Say(lang, "date.century", map[string]any{"From": year[:2] + "00", "To": year[:2] + "99"})
	case strings.HasSuffix(year, "X"):
		return c.Say(lang, "date.decade", map[string]any{"Year": strings.TrimSuffix(year, "X") + "0"})
	case len(parts) == 1:
		return c.Say(lang, "date.year", map[string]any{"Year": year})
	case parts[1] == "XX":
		return c.Say(lang, "date.month_unspecified", map[string]any{"Year": year})
	}
	month, err := strconv.Atoi(parts[1])
	if err != nil {
		return bare
	}
	if month > 12 {
		return c.season(month, year, lang)
	}
	if len(parts) == 2 || parts[2] == "XX" {
		words := c.Say(lang, "month."+strconv.Itoa(month), nil)
		return c.Say(lang, "date.year_month", map[string]any{"Year": year, "Month": words})
	}
	return c.Say(lang, "date.day", map[string]any{
		"Year": year, "Day": strings.TrimPrefix(parts[2], "0"),
		"Month": c.Say(lang, "month."+strconv.Itoa(month), nil), "MonthDay": c.Say(lang, "month_day."+strconv.Itoa(month), nil),
	})
}

func (c *Catalogue) season(code int, year, lang string) string {
	names := map[int]string{21: "spring", 22: "summer", 23: "autumn", 24: "winter"}
	return c.Say(lang, "date.season."+names[code], map[string]any{"Year": year})
}
