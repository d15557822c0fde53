package load_test

import (
	"context"
	"testing"

	"bioincident/internal/load"
	"bioincident/internal/testkit"
)

func TestFulltextFindsWhatThePublicMaySee(t *testing.T) {
	ctx := context.Background()
	full, err := load.OpenFulltext(ctx, testkit.FreshPostgres(t, true).Options.URL)
	if err != nil {
		t.Fatal(err)
	}
	entries := []load.Entry{
		{ID: "a", Tier: "public", Published: 1, Title: "Cholera", Texts: map[string]string{"en": "contaminated waters", "fr": "eaux contaminées"}, Facets: []string{"area:FRA", "unit:report"}},
		{ID: "b", Tier: "public", Published: 2, Title: "Anthrax", Texts: map[string]string{"en": "a herd"}, Facets: []string{"area:ESP", "unit:report"}},
		{ID: "c", Tier: "members", Published: 3, Title: "Cholera", Texts: map[string]string{"en": "contaminated water"}, Facets: []string{"area:ESP"}},
	}
	if err := full.Put(ctx, entries); err != nil {
		t.Fatal(err)
	}
	if size, err := full.Finish(ctx); err != nil || size == 0 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	for text, want := range map[string]int64{"": 2, "contaminated water": 1, "cholera": 1, "eau contaminée": 1, "plague": 0} {
		if total, err := full.Search(ctx, text, []string{"area", "unit"}); err != nil || total != want {
			t.Errorf("%q: %d, %v; want %d", text, total, err, want)
		}
	}
	if err := full.Suggest(ctx, "chol"); err != nil {
		t.Error(err)
	}
	if err := full.Close(ctx); err != nil {
		t.Error(err)
	}
}
