package incident

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCountCheck(t *testing.T) {
	c := Count{ID: "c1", Measure: "deaths", Low: number(4), High: number(2), Qualifier: "range", AsOf: "2004-13", Period: "2004?"}
	if got := places(c.Check()); got != "/as_of date.calendar, /high count.order" {
		t.Error(got)
	}
	c = Count{ID: "c1", Measure: "deaths", Low: number(2), High: number(2), Qualifier: "exact", AsOf: "2004-12"}
	if got := c.Check(); got != nil {
		t.Error(got)
	}
}

// TestCountJSON: a parsed quantity and a count that holds it have the same limits in JSON.
func TestCountJSON(t *testing.T) {
	for text, want := range map[string]string{
		">3000":   `{"id":"c1","measure":"deaths","low":3000,"qualifier":"at_least"}`,
		"<3000":   `{"id":"c1","measure":"deaths","high":3000,"qualifier":"at_most"}`,
		"300-400": `{"id":"c1","measure":"deaths","low":300,"high":400,"qualifier":"range"}`,
		"0":       `{"id":"c1","measure":"deaths","low":0,"high":0,"qualifier":"exact"}`,
	} {
		q, err := ParseQuantity(text)
		if err != nil {
			t.Fatal(err)
		}
		c := Count{ID: "c1", Measure: "deaths", Low: q.Low, High: q.High, Qualifier: q.Qualifier}
		got, err := json.Marshal(c)
		if err != nil || string(got) != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
		if diff := cmp.Diff(q, c.Quantity()); diff != "" {
			t.Error(diff)
		}
	}
}

// exactly makes a count of n deaths; the options are population, basis, place, as_of.
func exactly(id string, n int64, population, basis, place string, asOf Date) Count {
	return Count{ID: id, Measure: "deaths", Population: population, Basis: basis, Place: place,
		Low: &n, High: &n, Qualifier: QualifierExact, AsOf: asOf}
}

func TestNewest(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []Count
		want   string
	}{
		{"none", nil, ""},
		{"one", []Count{exactly("a", 1, "", "", "", "")}, "a"},
		{"by date, not order", []Count{exactly("a", 9, "", "", "", "2004-07"), exactly("b", 5, "", "", "", "2004-06")}, "a"},
		{"the end of a coarse date counts", []Count{exactly("a", 9, "", "", "", "2004-06-30"), exactly("b", 5, "", "", "", "2004")}, "b"},
		{"the same date: the later", []Count{exactly("a", 9, "", "", "", "2004-07"), exactly("b", 5, "", "", "", "2004-07")}, "b"},
		{"undated is older", []Count{exactly("a", 9, "", "", "", "2004-07"), exactly("b", 5, "", "", "", "")}, "a"},
		{"undated: the later", []Count{exactly("a", 9, "", "", "", ""), exactly("b", 5, "", "", "", "")}, "b"},
		{"only cumulative", []Count{exactly("a", 9, "", "cumulative", "", "2004"), exactly("b", 5, "", "new_in_period", "", "2005"), exactly("c", 5, "", "at_a_moment", "", "2006")}, "a"},
		{"people by name or by default", []Count{exactly("a", 9, "people", "", "", "2004"), exactly("b", 5, "", "", "", "2005"), exactly("c", 5, "cattle", "", "", "2006")}, "b"},
		{"the whole before its places", []Count{exactly("a", 9, "", "", "", "2004"), exactly("b", 5, "", "", "COD", "2005")}, "a"},
		{"one place stands for the whole", []Count{exactly("a", 9, "", "", "COD", "2004"), exactly("b", 5, "", "", "COD", "2005")}, "b"},
		{"several places do not", []Count{exactly("a", 9, "", "", "COD", "2004"), exactly("b", 5, "", "", "UGA", "2005")}, ""},
	} {
		got, ok := Newest(c.counts, "deaths", "")
		if got.ID != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, got.ID, c.want)
		}
		if _, ok := Newest(c.counts, "confirmed", ""); ok {
			t.Errorf("%s: another measure stands", c.name)
		}
	}
	if got, ok := Newest([]Count{exactly("a", 9, "cattle", "", "", ""), exactly("b", 5, "", "", "", "")}, "deaths", "cattle"); !ok || got.ID != "a" {
		t.Errorf("cattle: %v", got)
	}
}

func TestSum(t *testing.T) {
	parsed := func(place, population, text string) Count {
		q, err := ParseQuantity(text)
		if err != nil {
			t.Fatal(err)
		}
		return Count{Measure: "deaths", Place: place, Population: population, Low: q.Low, High: q.High, Qualifier: q.Qualifier}
	}
	cod, uga := parsed("COD", "", "5"), parsed("UGA", "", "7")
	other := func(change func(*Count)) Count {
		c := uga
		change(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		counts []Count
		want   string
	}{
		{"none", nil, "no"},
		{"one", []Count{cod}, "5..5 exact"},
		{"exact", []Count{cod, uga}, "12..12 exact"},
		{"an open end", []Count{cod, parsed("UGA", "", ">7")}, "12.. at_least"},
		{"an open end and an upper limit", []Count{parsed("COD", "", "<5"), parsed("UGA", "", ">7")}, "7.. at_least"},
		{"an upper limit", []Count{cod, parsed("UGA", "", "<7")}, "5..12 range"},
		{"upper limits", []Count{parsed("COD", "", "<5"), parsed("UGA", "", "<7")}, "..12 at_most"},
		{"about", []Count{cod, parsed("UGA", "", "~7")}, "12..12 about"},
		{"ranges", []Count{parsed("COD", "", "1-5"), parsed("UGA", "", "2-7")}, "3..12 range"},
		{"populations", []Count{parsed("", "cattle", "5"), parsed("", "pigs", "7")}, "12..12 exact"},
		{"people and animals", []Count{parsed("", "", "5"), parsed("", "pigs", "7")}, "12..12 exact"},
		{"one place twice", []Count{cod, parsed("COD", "", "7")}, "no"},
		{"people by default and by name", []Count{cod, parsed("COD", "people", "7")}, "no"},
		{"the whole and a part", []Count{parsed("", "", "9"), uga}, "no"},
		{"people and some of them", []Count{cod, parsed("UGA", "health_workers", "7")}, "no"},
		{"overlapping groups", []Count{parsed("COD", "children", "1"), parsed("UGA", "health_workers", "7")}, "no"},
		{"measures", []Count{cod, other(func(c *Count) { c.Measure = "confirmed" })}, "no"},
		{"definitions", []Count{cod, other(func(c *Count) { c.CaseDefinition = "WHO" })}, "no"},
		{"bases", []Count{cod, other(func(c *Count) { c.Basis = "new_in_period" })}, "no"},
		{"a basis by default", []Count{cod, other(func(c *Count) { c.Basis = "cumulative" })}, "12..12 exact"},
		{"too much", []Count{cod, parsed("UGA", "", "9007199254740990")}, "no"},
		{"a contradiction", []Count{cod, other(func(c *Count) { c.High = number(1) })}, "no"},
	} {
		sum, ok := Sum(c.counts)
		got := written(sum)
		if !ok {
			got = "no"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	period := func(place string, p, asOf Date, basis string) Count {
		c := exactly("", 1, "", basis, place, asOf)
		c.Period = p
		return c
	}
	if _, ok := Sum([]Count{period("COD", "2004", "", "new_in_period"), period("UGA", "2005", "", "new_in_period")}); ok {
		t.Error("periods were added")
	}
	if _, ok := Sum([]Count{period("COD", "", "2004", "at_a_moment"), period("UGA", "", "2005", "at_a_moment")}); ok {
		t.Error("moments were added")
	}
	if _, ok := Sum([]Count{period("COD", "2004", "2005", "new_in_period"), period("UGA", "2004", "2006", "new_in_period")}); !ok {
		t.Error("one period was not added")
	}
}

// quantities draws a quantity of the right shape together with a number that it may mean.
func quantities() *rapid.Generator[Quantity] {
	return rapid.Custom(func(t *rapid.T) Quantity {
		low := rapid.Int64Range(0, 1000).Draw(t, "low")
		high := low + rapid.Int64Range(0, 1000).Draw(t, "more")
		switch q := rapid.SampledFrom([]string{"exact", "at_least", "at_most", "about", "range"}).Draw(t, "qualifier"); q {
		case "exact":
			return Quantity{&low, &low, q}
		case "at_least":
			return Quantity{&low, nil, q}
		case "at_most":
			return Quantity{nil, &high, q}
		default:
			return Quantity{&low, &high, q}
		}
	})
}

// TestSumIsSound: whatever numbers the parts mean, the sum means their sum; and the sum says no more than the parts:
// its limits are met.
func TestSumIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var counts []Count
		var meant, least, most int64
		open := false
		for i, q := range rapid.SliceOfN(quantities(), 1, 6).Draw(t, "parts") {
			low, high, isOpen := q.Interval()
			if isOpen {
				high += rapid.Int64Range(0, 1000).Draw(t, "beyond")
			}
			n := rapid.Int64Range(low, high).Draw(t, "n")
			meant, least, most, open = meant+n, least+low, most+high, open || isOpen
			counts = append(counts, Count{Measure: "deaths", Place: fmt.Sprint("P", i), Low: q.Low, High: q.High, Qualifier: q.Qualifier})
		}
		sum, ok := Sum(counts)
		if !ok || sum.Check() != nil {
			t.Fatalf("%v: %s %v", counts, written(sum), sum.Check())
		}
		low, high, isOpen := sum.Interval()
		if meant < low || (!isOpen && meant > high) {
			t.Fatalf("%d is outside %s", meant, written(sum))
		}
		if isOpen != open || (sum.Qualifier == QualifierAtLeast) != open || low != least || (!open && high != most) {
			t.Fatalf("%s: want %d to %d, open %v", written(sum), least, most, open)
		}
	})
}
