package leak

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bioincident/api"
	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/testkit/world"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// plant is a leak, planted in both worlds of a pair: a way in which the product could be wrong.
type plant struct {
	name  string
	group group
	who   string   // who must learn something
	ops   []string // by asking these operations
	parts func(t *testing.T, m *made) world.Parts
	store func(t *testing.T, m *made) // or: what is changed in the database of the first world
}

// insiders say, for every operation that reads something of records, who learns when a reader is answered as an insider.
// The operations that are not here tell nothing of records: see indifferent.
func insiders() map[string]struct {
	group   group
	who, as string
} {
	type swap = struct {
		group   group
		who, as string
	}
	public, worker, batch := swap{membersOnly, "", "rex@lake"}, swap{underWay, "rex@lake", "fay@north"}, swap{underWay, "leo@lake", "ana@north"}
	return map[string]swap{
		"search": public, "suggest": public, "exportIncidents": public, "listIncidents": public, "getIncident": public, "listEditions": public,
		"readFeed": public, "getWorking": worker, "listChanges": worker, "listComments": worker, "explainPolicy": worker,
		"readQueue": {underWay, "rov@remote", "eva@east"}, "readWork": {underWay, "nia@north", "fay@north"},
		"getStanding": {namedOnly, "rex@lake", "fay@north"}, "listWaiting": {namedOnly, "rex@lake", "fay@north"},
		"listImports": batch, "getImport": batch, "listImportRows": batch,
		"readLedger": {underWay, "fio@lake", "fay@north"}, "verifyLedger": {underWay, "rex@lake", "aud@hq"},
		"exportLedger": {underWay, "rex@lake", operator},
		// How many records each tier's index holds, and how many of its views were compared, counts what is hidden.
		"getIndex": {membersOnly, "aud@hq", "ada@hq"}, "checkIndex": {namedOnly, "rex@lake", "ada@hq"},
	}
}

const operator = "operator"

// indifferent are operations whose answers hold nothing of records, or nothing here: in these worlds nobody breaks the glass.
func indifferent() []string {
	return []string{"getMe", "listOrganizations", "listPeople", "listGrants", "listTokens", "listBreakGlass"}
}

// answeredAs serves one operation to everybody as if an insider asked.
func answeredAs(op *api.Operation, as string) func(t *testing.T, m *made) world.Parts {
	return func(_ *testing.T, m *made) world.Parts {
		return behind(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Method == op.Method && matches(op.Path, r.URL.Path) {
				if as == operator {
					r.Header.Del("Authorization")
					r = r.WithContext(httpd.Trusted(r.Context(), identity.ViaSocket))
				} else {
					r.Header.Set("Authorization", "Bearer "+m.Tokens[as])
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(a, b, func(x, y string) bool { return x == y || strings.HasPrefix(x, "{") })
}

// behind puts something between the asker and the handler.
func behind(serve func(next http.Handler, w http.ResponseWriter, r *http.Request)) world.Parts {
	return world.Parts{Handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(next, w, r) })
	}}
}

// changed answers as the handler does, with changes.
func changed(change func(r *http.Request, rec *httptest.ResponseRecorder)) world.Parts {
	return behind(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		change(r, rec)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

// index is the word index with mistakes. What is nil is right.
type index struct {
	*search.Index
	search  func(who policies.Audience, q search.Query, right search.Result) (search.Result, error)
	suggest func(in search.SuggestIn, right []search.Suggestion) []search.Suggestion
}

var _ catalog.Index = index{}

func (i index) Search(ctx context.Context, who policies.Audience, q search.Query) (search.Result, error) {
	right, err := i.Index.Search(ctx, who, q)
	if err != nil || i.search == nil {
		return right, err
	}
	return i.search(who, q, right)
}

func (i index) Suggest(ctx context.Context, who policies.Audience, in search.SuggestIn) ([]search.Suggestion, error) {
	right, err := i.Index.Suggest(ctx, who, in)
	if err != nil || i.suggest == nil {
		return right, err
	}
	return i.suggest(in, right), nil
}

func wrongIndex(wrong func(m *made, q search.Query, right search.Result) search.Result) func(*testing.T, *made) world.Parts {
	return func(_ *testing.T, m *made) world.Parts {
		return world.Parts{Index: index{Index: m.Index, search: func(_ policies.Audience, q search.Query, right search.Result) (search.Result, error) {
			return wrong(m, q, right), nil
		}}}
	}
}

// mixed gives the index that puts something of what members find into what the public finds.
func mixed(mix func(right *search.Result, members search.Result)) func(*testing.T, *made) world.Parts {
	return wrongIndex(func(m *made, q search.Query, right search.Result) search.Result {
		mix(&right, asMembers(m, q))
		return right
	})
}

func wrongSuggestions(wrong func(right, members []search.Suggestion) []search.Suggestion) func(*testing.T, *made) world.Parts {
	return func(_ *testing.T, m *made) world.Parts {
		return world.Parts{Index: index{Index: m.Index, suggest: func(in search.SuggestIn, right []search.Suggestion) []search.Suggestion {
			members, err := m.Index.Suggest(context.Background(), policies.Audience{Members: true}, in)
			if err != nil {
				return right
			}
			return wrong(right, members)
		}}}
	}
}

// asMembers is what members find.
func asMembers(m *made, q search.Query) search.Result {
	q.Cursor, q.Limit = "", search.MaxLimit
	found, err := m.Index.Search(context.Background(), policies.Audience{Members: true}, q)
	if err != nil {
		return search.Result{}
	}
	return found
}

// there tells whether a record of an id exists at all.
func there(m *made, ctx context.Context, id string) bool {
	return m.Store.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.Record(id)
		return err
	}) == nil
}

func idIn(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "BID-") {
			id, _, _ := strings.Cut(part, "@")
			return id
		}
	}
	return ""
}

// altered gives the rules that came with the program, with other rows.
func altered(old, new string) func(*testing.T, *made) world.Parts {
	return func(t *testing.T, m *made) world.Parts {
		return world.Parts{Policies: alteredPolicies(t, m.Schema, old, new)}
	}
}

func alteredPolicies(t *testing.T, sch *schema.Schema, old, new string) *policies.Policies {
	t.Helper()
	text, err := os.ReadFile("../../policies/policy.csv")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(text), old, new)
	if changed == string(text) {
		t.Fatalf("policy.csv has no %q", old)
	}
	p, err := policies.Read(sch, changed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// plants are one per way to leak; those per operation come from insiders.
func plants() []plant {
	reading := []string{"search", "exportIncidents", "listIncidents", "getIncident", "listEditions"}
	return []plant{
		{name: "the index is asked for members", group: membersOnly, ops: []string{"search"},
			parts: func(_ *testing.T, m *made) world.Parts { return world.Parts{Index: raised{Index: m.Index}} }},
		{name: "the wall of the named is open to all", group: namedOnly, who: "rex@lake", ops: []string{"search"},
			parts: func(_ *testing.T, m *made) world.Parts { return world.Parts{Index: raised{m.Index, []string{"north"}}} }},
		{name: "an export by what members find", group: membersOnly, ops: []string{"exportIncidents"},
			parts: func(_ *testing.T, m *made) world.Parts { return world.Parts{Index: raised{Index: m.Index}} }},
		{name: "facets over all tiers", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			right.Facets = members.Facets
		})},
		{name: "a histogram with hidden dates", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			right.Histogram = members.Histogram
		})},
		{name: "certain by hidden dates", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			right.Certain = members.Certain
		})},
		{name: "undated counts what is hidden", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			right.Undated += members.Total - right.Total
		})},
		{name: "groups across tiers", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			right.Groups = members.Groups
		})},
		{name: "others of a group across tiers", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			for i := range right.Hits {
				right.Hits[i].Others += members.Total - right.Total
			}
		})},
		{name: "possibly where a hidden record is", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			for i := range right.Hits {
				if members.Total > right.Total {
					right.Hits[i].Match = incident.Possibly
				}
			}
		})},
		{name: "an order by hidden deaths", group: membersOnly, ops: []string{"search"}, parts: wrongIndex(func(m *made, q search.Query, right search.Result) search.Result {
			if q.Sort != search.ByDeaths {
				return right
			}
			place := map[int64]int{}
			for i, hit := range asMembers(m, q).Hits {
				place[hit.No] = i
			}
			slices.SortStableFunc(right.Hits, func(a, b search.Hit) int { return cmp.Compare(place[a.No], place[b.No]) })
			return right
		})},
		{name: "a cursor that counts what is hidden", group: membersOnly, ops: []string{"search"}, parts: mixed(func(right *search.Result, members search.Result) {
			if right.Next != "" {
				right.Next += fmt.Sprint(" ", members.Total)
			}
		})},
		{name: "a refusal that names a hidden word", group: membersOnly, ops: []string{"search"}, parts: func(_ *testing.T, m *made) world.Parts {
			return world.Parts{Index: index{Index: m.Index, search: func(_ policies.Audience, q search.Query, right search.Result) (search.Result, error) {
				if right.Total == 0 && asMembers(m, q).Total > 0 {
					return right, fault.New(fault.Invalid, "search.no_code", "facet", "agent", "value", q.Text)
				}
				return right, nil
			}}}
		}},
		{name: "suggestions from the members' wall", group: membersOnly, ops: []string{"suggest"},
			parts: wrongSuggestions(func(_, members []search.Suggestion) []search.Suggestion { return members })},
		{name: "suggestions counted in the members' wall", group: membersOnly, ops: []string{"suggest"},
			parts: wrongSuggestions(func(right, members []search.Suggestion) []search.Suggestion {
				for i := range right {
					at := slices.IndexFunc(members, func(s search.Suggestion) bool { return s.Code == right[i].Code && s.Text == right[i].Text })
					if at >= 0 {
						right[i].Records = members[at].Records
					}
				}
				return right
			})},
		{name: "the last line of an export counts what is hidden", group: membersOnly, ops: []string{"exportIncidents"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(r *http.Request, rec *httptest.ResponseRecorder) {
					if strings.HasSuffix(r.URL.Path, "/export") {
						fmt.Fprintln(rec.Body, m.Index.Count(schema.Members))
					}
				})
			}},
		{name: "readiness tells how much the index holds", group: membersOnly, ops: []string{"getReadiness"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(_ *http.Request, rec *httptest.ResponseRecorder) {
					rec.Header().Set("X-Documents", strconv.FormatInt(m.Index.Count(schema.Members), 10))
				})
			}},
		{name: "a statement for each hidden hit", group: membersOnly, ops: []string{"search"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return behind(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
					for range asMembers(m, search.Query{Text: r.URL.Query().Get("q")}).Total {
						there(m, r.Context(), unknown)
					}
					next.ServeHTTP(w, r)
				})
			}},
		{name: "a total that counts what is hidden", group: membersOnly, ops: []string{"search"},
			parts: wrongIndex(func(m *made, q search.Query, right search.Result) search.Result {
				right.Total += asMembers(m, q).Total
				return right
			})},
		{name: "an order by everybody's scores", group: membersOnly, ops: []string{"search"},
			parts: wrongIndex(func(m *made, q search.Query, right search.Result) search.Result {
				scores := map[int64]float64{}
				for _, hit := range asMembers(m, q).Hits {
					scores[hit.No] = hit.Score
				}
				slices.SortStableFunc(right.Hits, func(a, b search.Hit) int { return cmp.Compare(scores[b.No], scores[a.No]) })
				return right
			})},
		{name: "a place in the members' feed", group: membersOnly, ops: []string{"search", "exportIncidents"},
			parts: wrongIndex(func(m *made, _ search.Query, right search.Result) search.Result {
				right.Position = m.Index.Checkpoint(schema.Members)
				return right
			})},
		{name: "a cursor past what is hidden", group: membersOnly, ops: []string{"search"},
			parts: wrongIndex(func(m *made, q search.Query, right search.Result) search.Result {
				if right.Next == "" && asMembers(m, q).Total > right.Total {
					right.Next = "more"
				}
				return right
			})},
		{name: "a concept that only a hidden record has", group: membersOnly, ops: []string{"search"},
			parts: wrongIndex(func(m *made, q search.Query, right search.Result) search.Result {
				if right.Total == 0 && asMembers(m, q).Total > 0 {
					right.Concepts = []search.Concept{{Text: q.Text, Column: 1, List: "agents", Code: "vibrio_cholerae"}}
				}
				return right
			})},
		{name: "a header that counts", group: namedOnly, who: "rex@lake", ops: []string{"listIncidents", "getMe"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(_ *http.Request, rec *httptest.ResponseRecorder) {
					rec.Header().Set("X-Records", strconv.Itoa(records(m)))
				})
			}},
		{name: "a cookie for who asked for what is there", group: namedOnly, who: "rex@lake", ops: []string{"getIncident"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(r *http.Request, rec *httptest.ResponseRecorder) {
					if there(m, context.Background(), idIn(r.URL.Path)) {
						rec.Header().Set("Set-Cookie", "seen=1")
					}
				})
			}},
		{name: "a tag over what the owner sees", group: membersOnly, ops: []string{"getIncident"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(r *http.Request, rec *httptest.ResponseRecorder) {
					own := m.Do("fay@north", r.Method, r.URL.String(), nil)
					sum := sha256.Sum256(own.Body)
					if rec.Header().Get("ETag") != "" {
						rec.Header().Set("ETag", hex.EncodeToString(sum[:]))
					}
				})
			}},
		{name: "forbidden where it is hidden", group: underWay, who: "rex@lake", ops: []string{"submitIncident", "claimIncident"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(r *http.Request, rec *httptest.ResponseRecorder) {
					if rec.Code == http.StatusNotFound && there(m, context.Background(), idIn(r.URL.Path)) {
						rec.Code = http.StatusForbidden
					}
				})
			}},
		{name: "another word for what is hidden", group: underWay, who: "leo@lake", ops: []string{"getWorking"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return changed(func(r *http.Request, rec *httptest.ResponseRecorder) {
					if rec.Code == http.StatusNotFound && there(m, context.Background(), idIn(r.URL.Path)) {
						text := strings.ReplaceAll(rec.Body.String(), "incident.not_found", "incident.not_yours")
						rec.Body.Reset()
						rec.Body.WriteString(text)
					}
				})
			}},
		{name: "one statement more for what is there", group: namedOnly, who: "eva@east", ops: []string{"getIncident"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return behind(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
					if there(m, context.Background(), idIn(r.URL.Path)) {
						there(m, r.Context(), idIn(r.URL.Path))
					}
					next.ServeHTTP(w, r)
				})
			}},
		{name: "the public's feed has the members' entries", group: membersOnly, ops: []string{"readFeed"},
			parts: func(_ *testing.T, m *made) world.Parts {
				return behind(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/feed") && !strings.Contains(r.URL.RawQuery, "tier=members") {
						r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "tier=public", "") + "&tier=members"
						r.Header.Set("Authorization", "Bearer "+m.Tokens["rex@lake"])
					}
					next.ServeHTTP(w, r)
				})
			}},
		{name: "a card needs no right to review", group: underWay, who: "rov@remote", ops: []string{"claimIncident", "explainPolicy"},
			parts: altered("submitted|in_review,*,-,review,read", "submitted|in_review,*,-,-,read")},
		{name: "a card needs no right to publish", group: underWay, who: "pub@remote", ops: []string{"claimIncident", "explainPolicy"},
			parts: altered("reviewed|scheduled,*,-,publish_part,read", "reviewed|scheduled,*,-,-,read")},
		{name: "readers see what their organization writes", group: underWay, who: "nia@north", ops: []string{"getWorking", "listChanges"},
			parts: altered("own.work,contributor|focal_point,", "own.work,member,")},
		{name: "others see what an organization has in hand", group: underWay, who: "ren@first", ops: []string{"getWorking", "listComments"},
			parts: altered("review.work,reviewer,", "review.work,member,")},
		{name: "the excluded are not excluded", group: namedOnly, who: "eva@east", ops: []string{"claimIncident", "getWorking", "explainPolicy"},
			parts: altered("review.card,reviewer,incident.read_card|batch.read,other|", "review.card,reviewer,incident.read_card|batch.read,excluded|other|")},
		{name: "views of the wrong tier", group: membersOnly, ops: slices.DeleteFunc(slices.Clone(reading), func(op string) bool { return op == "listEditions" }),
			store: statements(`UPDATE views_public SET bytes = (SELECT m.bytes FROM views_members m
				WHERE m.record = views_public.record AND m.edition = views_public.edition) WHERE record IN ('%s', '%s')`, "section", "fields")},
		{name: "codes and titles of the wrong tier", group: membersOnly, ops: []string{"getIncident", "search"},
			store: statements(`UPDATE views_public SET shown_owner = 'zanthoquark' WHERE record = '%s'`, "items")},
		{name: "a view of a hidden record", group: membersOnly, ops: []string{"listIncidents", "getIncident", "listEditions"},
			store: statements(`INSERT INTO views_public SELECT * FROM views_members WHERE record NOT IN (SELECT record FROM views_public)`)},
		{name: "an old edition that was not sealed", group: former, ops: []string{"getIncident"},
			store: statements(`UPDATE views_public SET bytes = (SELECT CAST(replace(CAST(p.bytes AS TEXT), 'Beekeepers', 'The zanthoquark of beekeepers') AS BLOB)
				FROM views_public p WHERE p.record = views_public.record AND p.edition = views_public.edition)
				WHERE record = '%s' AND edition = 1`, "old edition")},
		{name: "a tombstone with a reason of its own", group: former, ops: []string{"getIncident", "listEditions"},
			store: statements(`UPDATE views_public SET reason = 'zanthoquark' WHERE record = '%s'`, "withdrawn")},
	}
}

// raised is a word index that is asked as if everybody were a member, or of an organization.
type raised struct {
	*search.Index
	orgs []string
}

func (r raised) Search(ctx context.Context, who policies.Audience, q search.Query) (search.Result, error) {
	who.Members, who.Orgs = true, slices.Concat(who.Orgs, r.orgs)
	return r.Index.Search(ctx, who, q)
}

var _ catalog.Index = raised{}

func records(m *made) int {
	n := 0
	for _, g := range groups() {
		n += len(m.hidden[g])
	}
	return n
}

// statements changes the database of a world. names are records of both worlds.
func statements(text string, names ...string) func(*testing.T, *made) {
	return func(t *testing.T, m *made) {
		t.Helper()
		var ids []any
		for _, name := range names {
			ids = append(ids, m.shared[name])
		}
		alter(t, m.System, fmt.Sprintf(text, ids...))
	}
}

// alter changes the stored views past everything that guards them, until the test ends.
func alter(t *testing.T, s *world.System, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.Database.Options.Dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) int64 {
		done, err := db.Exec(statement)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := done.RowsAffected()
		return n
	}
	views := []string{"views_public", "views_named"}
	for _, table := range views {
		exec("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table)
	}
	t.Cleanup(func() {
		for _, table := range views {
			exec("DELETE FROM " + table)
			exec("INSERT INTO " + table + " SELECT * FROM kept_" + table)
			exec("DROP TABLE kept_" + table)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if exec(statement) == 0 {
		t.Fatal("nothing was changed")
	}
}

// TestPlantedLeaksAreFound plants leaks, one at a time, and demands that each is found where it is, and that nothing is
// found there without it.
func TestPlantedLeaksAreFound(t *testing.T) {
	t.Parallel()
	without := remembered(write(t, testkit.SQLite(t), ""))
	pairs := map[group]pair{}
	for _, g := range groups() {
		pairs[g] = pair{g, remembered(write(t, testkit.SQLite(t), g)), without}
	}
	for _, p := range append(plantsPerOperation(t, without.Contract), plants()...) {
		t.Run(p.name, func(t *testing.T) {
			pair := pairs[p.group]
			pair.with, pair.without = pair.with.in(t), pair.without.in(t)
			if found := p.found(t, pair); len(found) > 0 {
				t.Fatalf("before anything is planted: %s", found[0])
			}
			if p.store != nil {
				pair.with.heard = nil
				p.store(t, pair.with)
			} else {
				pair.with, pair.without = pair.with.again(t, p.parts(t, pair.with)), pair.without.again(t, p.parts(t, pair.without))
			}
			found := map[string]bool{}
			for _, d := range p.found(t, pair) {
				found[d.op] = true
			}
			for _, op := range p.ops {
				if !found[op] {
					t.Errorf("%s learns by %s and nobody notices", nameOf(p.who), op)
				}
			}
		})
	}
}

// remembered is a world that nothing changes: what it answered once it need not be asked again.
func remembered(m *made) *made {
	m.heard = map[string]string{}
	return m
}

func (p plant) found(t *testing.T, pair pair) []difference {
	t.Helper()
	asker := newAsker(t, pair.with, p.group)
	asks := slices.DeleteFunc(append(asker.reads(), asker.writes()...), func(a ask) bool { return !slices.Contains(p.ops, a.op.ID) })
	for i := range asks {
		asks[i].turn = 0
	}
	if len(asks) == 0 {
		t.Fatalf("nothing is asked of %v", p.ops)
	}
	if !slices.Contains(observers(p.group), p.who) {
		t.Fatalf("%s may see what is hidden", nameOf(p.who))
	}
	return pair.differences(p.who, 0, asks)
}

// plantsPerOperation gives one leak for each operation that reads: it is answered as an insider is. An operation that is
// neither in insiders nor indifferent fails the test.
func plantsPerOperation(t *testing.T, contract *api.Contract) []plant {
	t.Helper()
	var all []plant
	swaps := insiders()
	for _, op := range contract.Operations {
		if op.Method != http.MethodGet || !op.Signable || slices.Contains(indifferent(), op.ID) {
			continue
		}
		swap, ok := swaps[op.ID]
		if !ok {
			t.Errorf("%s %s: nobody has said who would learn what if it leaked: add it to insiders or to indifferent", op.Method, op.Path)
			continue
		}
		delete(swaps, op.ID)
		all = append(all, plant{name: op.ID + " answered as to " + swap.as, group: swap.group, who: swap.who, ops: []string{op.ID},
			parts: answeredAs(op, swap.as)})
	}
	for id := range swaps {
		t.Errorf("the contract has no operation %s", id)
	}
	return all
}

// again gives the world with other parts.
func (m *made) again(t testing.TB, p world.Parts) *made {
	other := *m
	other.System, other.heard = m.System.Again(t, p), nil
	return &other
}

// TestPlantedLeaksAreFoundInDrawnWorlds plants leaks of search in drawn worlds: drawn questions find each in the world of
// one hidden record or in that of one hidden item.
func TestPlantedLeaksAreFoundInDrawnWorlds(t *testing.T) {
	t.Parallel()
	const records, questions = 30, 1500
	type drawnPair struct {
		plan
		with, without *made
	}
	var pairs []drawnPair
	const many = 60
	counted := uint64(1) // a seed by which so many deaths are hidden that the record would stand elsewhere by them
	for planOf(counted, records, "an item for members").host().hiddenDeaths() < many {
		counted++
	}
	for _, p := range []plan{planOf(1, records, "a record for members"), planOf(counted, records, "an item for members")} {
		pairs = append(pairs, drawnPair{p, p.build(t, testkit.SQLite(t)), p.twin().build(t, testkit.SQLite(t))})
	}
	for _, leak := range plants() {
		if leak.group != membersOnly || leak.parts == nil || !slices.ContainsFunc(leak.ops, func(op string) bool {
			return slices.Contains([]string{"search", "suggest", "exportIncidents"}, op)
		}) {
			continue
		}
		t.Run(leak.name, func(t *testing.T) {
			for _, p := range pairs {
				with, without := p.with.again(t, leak.parts(t, p.with)), p.without.again(t, leak.parts(t, p.without))
				asker := p.asker(t, newDrawer(p.seed), with)
				for i := range questions {
					if a := asker.draw(); slices.Contains(leak.ops, a.op.ID) && p.difference(with, without, leak.who, a) != nil {
						t.Logf("found by question %d: %s", i, a.name())
						return
					}
				}
			}
			t.Errorf("nobody notices in %d questions", questions)
		})
	}
}

// hiddenDeaths gives the deaths that only members are shown; 0 without any.
func (r drawn) hiddenDeaths() float64 {
	counts, _ := in(r.body, "impact")["counts"].([]any)
	for _, c := range counts {
		if count := c.(map[string]any); count["id"] == "c9" && r.life.tiers["c9"] == schema.Members {
			low, _ := count["low"].(float64)
			return low
		}
	}
	return 0
}
