package incident

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bioincident/internal/fault"
)

// written gives a quantity as "low..high qualifier", with nothing for an absent limit.
func written(q Quantity) string {
	limit := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	return limit(q.Low) + ".." + limit(q.High) + " " + q.Qualifier
}

func TestParseQuantity(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"12344", "12344..12344 exact"},
		{"0", "0..0 exact"},
		{" 7 ", "7..7 exact"},
		{"007", "7..7 exact"},
		{">200000", "200000.. at_least"},
		{"> 3000", "3000.. at_least"},
		{">185,000", "185000.. at_least"},
		{"≥12", "12.. at_least"},
		{">=12", "12.. at_least"},
		{"100,000+", "100000.. at_least"},
		{"at least 12", "12.. at_least"},
		{"More than 1,200", "1200.. at_least"},
		{"<3000", "..3000 at_most"},
		{"up to 40", "..40 at_most"},
		{"~50", "50..50 about"},
		{"about 50", "50..50 about"},
		{"c. 50", "50..50 about"},
		{"300-400", "300..400 range"},
		{"300 – 400", "300..400 range"},
		{"300 to 400", "300..400 range"},
		{"5,000–9,000", "5000..9000 range"},
		{"300-300", "300..300 exact"},
		{"~300-400", "300..400 about"},
		{"1 200", "1200..1200 exact"},
		{"1\u00a0250\u00a0000", "1250000..1250000 exact"},
		{"1\u202f200", "1200..1200 exact"},
		{"1,250,000", "1250000..1250000 exact"},
		{"1.250.000", "1250000..1250000 exact"},
		{"1'250'000", "1250000..1250000 exact"},
		{"12.0", "12..12 exact"},
		{"1,250.00", "1250..1250 exact"},
		{"12344.000", "12344..12344 exact"},
		{"1 million", "1000000..1000000 about"},
		{"1.5 million", "1500000..1500000 about"},
		{"1–4 million", "1000000..4000000 range"},
		{"~1–4 million", "1000000..4000000 about"},
		{"2-2.5 million", "2000000..2500000 range"},
		{">1.234 million", "1234000.. at_least"},
		{"٣٠٠", "300..300 exact"},
		{"１２", "12..12 exact"},
		{"9007199254740991", "9007199254740991..9007199254740991 exact"},
		{"", "quantity.empty"},
		{"   ", "quantity.empty"},
		{"NA", "quantity.not_a_number"},
		{"Unknown", "quantity.not_a_number"},
		{"-", "quantity.not_a_number"},
		{"1500/day", "quantity.rate"},
		{"12 per 100000", "quantity.rate"},
		{"5%", "quantity.rate"},
		{"2*", "quantity.marked"},
		{"2 (probable)", "quantity.marked"},
		{"2†", "quantity.marked"},
		{"5.1, 12.2", "quantity.several_numbers"},
		{"5; 6", "quantity.several_numbers"},
		{"1-2-3", "quantity.several_numbers"},
		{"5 and 6", "quantity.several_numbers"},
		{"1.2", "quantity.not_an_integer"},
		{"0.5", "quantity.not_an_integer"},
		{"1.2345 thousand", "quantity.not_an_integer"},
		{"1.234", "quantity.ambiguous"},
		{"12.000", "quantity.ambiguous"},
		{"12,34", "quantity.grouping"},
		{"1,2345", "quantity.grouping"},
		{"1234,567", "quantity.grouping"},
		{"0,123", "quantity.grouping"},
		{"1,234 567", "quantity.grouping"},
		{"12 13", "quantity.grouping"},
		{",5", "quantity.grouping"},
		{"-5", "quantity.negative"},
		{"400-300", "quantity.order"},
		{"9007199254740992", "quantity.too_large"},
		{"99999999999999999999999999", "quantity.too_large"},
		{"99999999999 billion", "quantity.too_large"},
		{">300-400", "quantity.syntax"},
		{"300-", "quantity.syntax"},
		{">", "quantity.not_a_number"},
		{"12 cases", "quantity.syntax"},
		{"1e5", "quantity.syntax"},
		{"12abc", "quantity.syntax"},
		{".5", "quantity.grouping"},
		{"5.", "quantity.grouping"},
	} {
		q, err := ParseQuantity(c.text)
		got := written(q)
		if err != nil {
			got = fault.Of(err).Code
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Params["text"] == nil {
				t.Errorf("%q: %v", c.text, err)
			}
		}
		if got != c.want {
			t.Errorf("%q is %s, want %s", c.text, got, c.want)
		}
	}
}

func number(n int64) *int64 { return &n }

func TestQuantityCheck(t *testing.T) {
	for _, c := range []struct {
		q    Quantity
		want string // pointer code, …
	}{
		{Quantity{number(1), number(1), "exact"}, ""},
		{Quantity{number(1), nil, "at_least"}, ""},
		{Quantity{nil, number(1), "at_most"}, ""},
		{Quantity{number(0), number(1), "at_most"}, ""},
		{Quantity{number(1), number(1), "about"}, ""},
		{Quantity{number(1), number(3), "about"}, ""},
		{Quantity{number(1), number(3), "range"}, ""},
		{Quantity{number(1), number(2), "exact"}, "/high count.not_exact"},
		{Quantity{number(1), nil, "exact"}, "/high count.missing"},
		{Quantity{nil, nil, "exact"}, "/low count.missing, /high count.missing"},
		{Quantity{number(1), number(2), "at_least"}, "/high count.not_expected"},
		{Quantity{nil, nil, "at_least"}, "/low count.missing"},
		{Quantity{number(1), number(2), "at_most"}, "/low count.not_expected"},
		{Quantity{nil, nil, "at_most"}, "/high count.missing"},
		{Quantity{number(3), number(1), "range"}, "/high count.order"},
		{Quantity{number(3), number(1), "exact"}, "/high count.order"},
		{Quantity{number(-1), number(1), "range"}, "/low count.negative"},
		{Quantity{number(1), number(MostCounted + 1), "range"}, "/high count.too_large"},
		{Quantity{number(1), number(1), ""}, "/qualifier count.qualifier"},
		{Quantity{number(1), number(1), "precisely"}, "/qualifier count.qualifier"},
	} {
		if got := places(c.q.Check()); got != c.want {
			t.Errorf("%s: %s, want %s", written(c.q), got, c.want)
		}
	}
}

func places(fields []fault.Field) string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Pointer+" "+f.Code)
	}
	return strings.Join(all, ", ")
}

// TestQuantityLaws: what is read has the shape it should have, and grouping, dashes and qualifiers change no number.
func TestQuantityLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, MostCounted).Draw(t, "n")
		if rapid.Bool().Draw(t, "small") {
			n %= 100_000
		}
		plain := strconv.FormatInt(n, 10)
		grouped := plain
		separator := rapid.SampledFrom([]string{"", ",", " ", "\u00a0", "'"}).Draw(t, "separator")
		for at := len(grouped) - 3; at > 0; at -= 3 {
			grouped = grouped[:at] + separator + grouped[at:]
		}
		for opening, want := range map[string]Quantity{
			"": {&n, &n, "exact"}, ">": {&n, nil, "at_least"}, "< ": {nil, &n, "at_most"}, "~": {&n, &n, "about"},
		} {
			q, err := ParseQuantity(opening + grouped)
			if err != nil || written(q) != written(want) {
				t.Fatalf("%q: %s, %v", opening+grouped, written(q), err)
			}
		}
	})
}

func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{"12344", ">185,000", "300-400", "~50", "1 200", "1500/day", "1.2", "5.1, 12.2", "2*", "1–4 million", "100,000+", "٣٠٠"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuantity(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if wrong := q.Check(); wrong != nil {
			t.Fatalf("%q is %s: %v", text, written(q), wrong)
		}
	})
}

func BenchmarkParseQuantity(b *testing.B) {
	for _, text := range []string{"12344", ">185,000"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseQuantity(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
