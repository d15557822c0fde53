package search

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bioincident/policies"
	"bioincident/schema"
)

type relevanceCase struct {
	line  int
	query string
	how   string
	want  []int64
}

func readCases(t *testing.T) []relevanceCase {
	t.Helper()
	file, err := os.Open("testdata/relevance.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var cases []relevanceCase
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cases = append(cases, readCase(t, n, line))
	}
	return cases
}

func readCase(t *testing.T, n int, line string) relevanceCase {
	t.Helper()
	for _, how := range []string{" == ", " = ", " ^ "} {
		query, ids, ok := strings.Cut(line+" ", how)
		if !ok {
			continue
		}
		c := relevanceCase{line: n, query: strings.TrimSpace(query), how: strings.TrimSpace(how)}
		for _, id := range strings.Fields(ids) {
			no, err := strconv.ParseInt(id, 10, 64)
			if err != nil {
				t.Fatalf("relevance.txt:%d: %v", n, err)
			}
			c.want = append(c.want, no)
		}
		return c
	}
	t.Fatalf("relevance.txt:%d: neither == nor = nor ^", n)
	return relevanceCase{}
}

func TestRelevance(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	for _, c := range readCases(t) {
		result := find(t, ix, policies.Audience{}, Query{Text: c.query, Limit: 100})
		got := numbers(result.Hits)
		if int64(len(got)) != result.Total {
			t.Errorf("relevance.txt:%d: %s: total %d, hits %v", c.line, c.query, result.Total, got)
		}
		want := slices.Clone(c.want)
		switch c.how {
		case "=":
			slices.Sort(got)
			slices.Sort(want)
		case "^":
			got = got[:min(len(got), len(want))]
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("relevance.txt:%d: %s: found %v, want %s %v; understood %v", c.line, c.query, numbers(result.Hits), c.how, c.want, result.Concepts)
		}
	}
}
