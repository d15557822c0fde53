package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/schema"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		handling := incident.Handling{Marking: schema.Named, Recipients: []string{"o-south"},
			Tiers: map[string]schema.Tier{"place": schema.Members}, Excluded: []string{"o-x"}, NotBefore: 7}
		first := draft(1, handling)
		first.ExternalIDs = []incident.ExternalID{{ID: "x1", Scheme: "source_row", Value: "row 1"}}
		first.VersionTerms = map[string][]string{"domain": {"human", "crop"}, "area": {"FRA"}}
		first.Comments = []incident.Comment{{ID: "c1", Record: first.Record.ID, Version: "v-1-1", Round: 1,
			Pointer: "/narrative", Request: "give_a_source", Text: "où ? 中文", Suggestion: []byte(`"x"`),
			Person: "p-ben", Org: "o-south", At: 3}}
		first.Assign = []incident.Assignment{{ID: "s1", Record: first.Record.ID, Version: "v-1-1", Person: "p-ben",
			Org: "o-south", Duty: incident.ReviewDuty, Declared: [3]bool{true, false, true}, At: 4}}
		write(t, s, first)
		record, version := stored(first)
		read(t, s, func(tx *store.Tx) error {
			gotRecord, err := tx.Record("BID-TEST-0001")
			if err != nil {
				return err
			}
			byNo, err := tx.RecordByNo(1)
			if err != nil {
				return err
			}
			gotVersion, ok, err := tx.OpenVersion(record.ID)
			if err != nil || !ok {
				t.Fatalf("no open version: %v", err)
			}
			for _, pair := range [][2]any{{gotRecord, record}, {byNo, record}, {gotVersion, version}} {
				if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
					t.Error(diff)
				}
			}
			ids, err := tx.ExternalIDs(record.ID)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(first.ExternalIDs, ids); diff != "" {
				t.Error(diff)
			}
			id, ok, err := tx.RecordByExternalID("o-north", "source_row", "row 1")
			if err != nil || !ok || id != record.ID {
				t.Errorf("by external id: %q %v %v", id, ok, err)
			}
			terms, err := tx.VersionTerms(version.ID)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(map[string][]string{"domain": {"crop", "human"}, "area": {"FRA"}}, terms); diff != "" {
				t.Error(diff)
			}
			comments, err := tx.Comments(version.ID)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(first.Comments, comments); diff != "" {
				t.Error(diff)
			}
			assignments, err := tx.Assignments(version.ID)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(first.Assign, assignments); diff != "" {
				t.Error(diff)
			}
			_, err = tx.Record("BID-NONE")
			wantFault(t, err, fault.NotFound, "record.not_found")
			return nil
		})
		wantClean(t, s)
	})
}

func TestPoliciesAreWrittenAndRead(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		highest := schema.Members
		grant := identity.Grant{ID: "g1", Org: "o-north", Action: identity.GrantSubmit,
			Scope: identity.Scope{Domains: []string{"human"}, Highest: &highest}, From: 1}
		token := store.Token{ID: "t1", Hash: "h1", Name: "laptop", Person: "p-ana", Org: "o-north",
			Scopes: []string{"read"}, Created: 1, Expires: 99}
		batch := store.Import{ID: "i1", Org: "o-north", Person: "p-ana", Profile: "don_events", Files: []string{"a.csv"},
			State: store.ImportLoading, Created: 5, Seed: []byte{1}, Sample: []string{"x"}}
		row := store.ImportRow{Import: "i1", Ordinal: 1, File: "a.csv", Line: 2, RowID: "r1", Outcome: "refused",
			Column: "date", Value: "x", Reason: "date.malformed"}
		consent := store.StandingConsent{ID: "k1", Org: "o-north", Person: "p-ana", From: 1, Until: 100}
		var epoch int64
		read(t, s, func(tx *store.Tx) (err error) { epoch, err = tx.Epoch(); return err })
		write(t, s, store.Change{Action: "grant.add", Subject: "g1", Grants: []identity.Grant{grant},
			Tokens: []store.Token{token}, Import: &batch, ImportRows: []store.ImportRow{row}, RaiseEpoch: true,
			StandingConsents: []store.StandingConsent{consent},
			Setting:          &store.Setting{Name: "quorum", Value: "x", Proposed: "p-ana"}})
		batch.Revision = 1
		batch.State = store.ImportLoaded
		write(t, s, store.Change{Action: "batch.import", Subject: "i1", Import: &batch})
		batch.Revision = 1
		err := tryWrite(t, s, store.Change{Action: "batch.import", Subject: "i1", Import: &batch})
		wantFault(t, err, fault.Stale, "import.stale")
		batch.Revision = 2
		read(t, s, func(tx *store.Tx) error {
			grants, err := tx.Grants()
			if err != nil {
				return err
			}
			tokens, err := tx.Tokens("o-north")
			if err != nil {
				return err
			}
			gotBatch, err := tx.Import("i1")
			if err != nil {
				return err
			}
			rows, err := tx.ImportRows("i1", 0, 10, store.RowFilter{Outcome: "refused"})
			if err != nil {
				return err
			}
			gotConsent, ok, err := tx.StandingConsent("o-north", "BID-ANY", 50)
			if err != nil || !ok {
				t.Fatalf("no consent: %v", err)
			}
			people, err := tx.PeopleOf("o-south")
			if err != nil {
				return err
			}
			setting, _, err := tx.Setting("quorum")
			if err != nil {
				return err
			}
			after, err := tx.Epoch()
			if err != nil {
				return err
			}
			for _, pair := range [][2]any{{grants, []identity.Grant{grant}}, {tokens, []store.Token{token}},
				{gotBatch, batch}, {rows, []store.ImportRow{row}}, {gotConsent, consent}, {after, epoch + 1},
				{people, []identity.Person{{ID: "p-ben", Handle: "ben", Name: "Ben", Status: identity.Active}}},
				{setting, store.Setting{Name: "quorum", Value: "x", Proposed: "p-ana", Revision: 1}},
			} {
				if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
					t.Error(diff)
				}
			}
			return nil
		})
	})
}

func TestStaleHeadsAreRefused(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		first := draft(1, incident.Handling{})
		write(t, s, first)
		record, version := stored(first)
		record.State = incident.Live
		write(t, s, store.Change{Action: "a", Record: &record})
		err := tryWrite(t, s, store.Change{Action: "a", Record: &record})
		wantFault(t, err, fault.Stale, "record.stale")
		version.State = incident.Submitted
		write(t, s, store.Change{Action: "a", Subject: record.ID, Version_: &version})
		err = tryWrite(t, s, store.Change{Action: "a", Subject: record.ID, Version_: &version})
		wantFault(t, err, fault.Stale, "version.stale")
		again := draft(1, incident.Handling{})
		again.Version_ = nil
		wantFault(t, tryWrite(t, s, again), fault.Conflict, "record.exists")
		wantClean(t, s)
	})
}

func TestTwoChangesOfOneRecordInOneWrite(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		first := draft(1, incident.Handling{})
		record, version := stored(first)
		write(t, s, first, publication(record, version, schema.Public))
		read(t, s, func(tx *store.Tx) error {
			r, err := tx.Record(record.ID)
			if err == nil && (r.Revision != 2 || r.Edition != 1) {
				t.Errorf("got %+v", r)
			}
			return err
		})
		wantClean(t, s)
	})
}

func TestOneOpenVersionPerRecord(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		first := draft(1, incident.Handling{})
		write(t, s, first)
		wantFault(t, secondOpenVersion(t, s, first), fault.Conflict, "version.open_exists")
		second := *first.Version_
		second.ID, second.N = "v-1-2", 2
		second.State = incident.Discarded
		write(t, s, store.Change{Action: "a", Subject: second.Record, Version_: &second})
	})
}

// secondOpenVersion tries to open another version of a record.
func secondOpenVersion(t *testing.T, s *store.Store, first store.Change) error {
	second := *first.Version_
	second.ID, second.N = "v-1-2", 2
	return tryWrite(t, s, store.Change{Action: "a", Subject: second.Record, Version_: &second})
}

// staleAfterSetBack writes a record at the revision it had before it was last written.
func staleAfterSetBack(t *testing.T, s *store.Store, first store.Change) error {
	record, _ := stored(first)
	return tryWrite(t, s, store.Change{Action: "a", Record: &record})
}

// takenID tries to give a record an external id that another record of its owner has.
func takenID(t *testing.T, s *store.Store, _ store.Change) error {
	second := draft(2, incident.Handling{})
	second.ExternalIDs = []incident.ExternalID{{ID: "x", Scheme: "source_row", Value: "1"}}
	return tryWrite(t, s, second)
}

// The contract is shown to notice when a guard of the database is gone: what it demands to be refused then passes.
func TestTheContractNoticesAMissingGuard(t *testing.T) {
	for _, mutation := range []struct {
		name string
		sql  string
		try  func(*testing.T, *store.Store, store.Change) error
	}{
		{"the index of open versions is dropped", "DROP INDEX versions_open", secondOpenVersion},
		{"revisions are set back", "UPDATE records SET revision = revision - 1", staleAfterSetBack},
		{"external ids are lost", "DELETE FROM external_ids", takenID},
	} {
		t.Run(mutation.name, func(t *testing.T) {
			testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
				if d.Name == store.Postgres {
					d = testkit.FreshPostgres(t, false) // no later test may be lent a database without its guards
				}
				s := d.Open(t)
				seed(t, s)
				first := draft(1, incident.Handling{})
				first.ExternalIDs = []incident.ExternalID{{ID: "x", Scheme: "source_row", Value: "1"}}
				write(t, s, first)
				record, _ := stored(first)
				write(t, s, store.Change{Action: "a", Record: &record})
				if err := s.Tamper(mutation.sql); err != nil {
					t.Fatal(err)
				}
				if err := mutation.try(t, s, first); err != nil {
					t.Errorf("refused all the same: %v", err)
				}
			})
		})
	}
}

func TestExternalIDsAreUniquePerOwner(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		ids := []incident.ExternalID{{ID: "x", Scheme: "source_row", Value: "1"}}
		first, second := draft(1, incident.Handling{}), draft(2, incident.Handling{})
		first.ExternalIDs, second.ExternalIDs = ids, ids
		write(t, s, first)
		wantFault(t, tryWrite(t, s, second), fault.Conflict, "external_id.taken")
		second.Record.Owner = "o-south"
		write(t, s, second)
		record, _ := stored(first)
		write(t, s, store.Change{Action: "a", Record: &record, ExternalIDs: []incident.ExternalID{}})
		third := draft(3, incident.Handling{})
		third.ExternalIDs = ids
		write(t, s, third)
	})
}

func TestSaveDraft(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		first := draft(1, incident.Handling{})
		write(t, s, first)
		_, version := stored(first)
		before := ledgerHead(t, s)
		save := func(v incident.Version) (rev int64, err error) {
			err = s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
				rev, err = tx.SaveDraft(v)
				return err
			})
			return rev, err
		}
		version.Body = []byte(`{"b":2}`)
		rev, err := save(version)
		if err != nil || rev != 2 {
			t.Fatalf("saved as %d: %v", rev, err)
		}
		_, err = save(version)
		wantFault(t, err, fault.Stale, "version.stale")
		if after := ledgerHead(t, s); after != before {
			t.Error("a saved draft is in the ledger")
		}
		version.Revision, version.State = 2, incident.Submitted
		write(t, s, store.Change{Action: "incident.submit", Subject: version.Record, Version_: &version})
		version.Revision = 3
		_, err = save(version)
		wantFault(t, err, fault.Stale, "version.stale")
		version.Body = []byte("\xff")
		_, err = save(version)
		wantFault(t, err, fault.Invalid, "text.not_utf8")
	})
}

func ledgerHead(t testing.TB, s *store.Store) (head ledger.Head) {
	t.Helper()
	read(t, s, func(tx *store.Tx) (err error) { head, err = tx.LedgerHead(); return err })
	return head
}

func TestAFaultInTheMiddleLeavesNothing(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		before := ledgerHead(t, s)
		broken := errors.New("the caller changed its mind")
		for name, fn := range map[string]func(tx *store.WriteTx) error{
			"the function fails": func(tx *store.WriteTx) error {
				if err := tx.Append(draft(1, incident.Handling{})); err != nil {
					return err
				}
				return broken
			},
			"a row fails at the end": func(tx *store.WriteTx) error {
				bad := draft(2, incident.Handling{})
				bad.Record.State = "nonsense"
				return errors.Join(tx.Append(draft(1, incident.Handling{})), tx.Append(bad))
			},
			"a reference fails at the commit": func(tx *store.WriteTx) error {
				bad := draft(2, incident.Handling{})
				bad.Record.Owner = "o-nobody"
				return errors.Join(tx.Append(draft(1, incident.Handling{})), tx.Append(bad))
			},
		} {
			if err := s.Write(t.Context(), ana(), fn); err == nil {
				t.Errorf("%s: no error", name)
			}
			if after := ledgerHead(t, s); after != before {
				t.Errorf("%s: the ledger moved", name)
			}
			err := s.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Record("BID-TEST-0001"); return err })
			wantFault(t, err, fault.NotFound, "record.not_found")
		}
		func() {
			defer func() { _ = recover() }()
			_ = s.Write(t.Context(), ana(), func(*store.WriteTx) error { panic("a bug") })
		}()
		write(t, s, draft(1, incident.Handling{})) // the connection was given back
		wantClean(t, s)
	})
}

func TestLedgerAndFeedsAreGaplessUnderConcurrentWriters(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		const writers, each = 8, 12
		shared := draft(999, incident.Handling{})
		write(t, s, shared)
		var group sync.WaitGroup
		failures := make(chan error, writers*each)
		for w := range writers {
			group.Go(func() {
				for i := range each {
					no := int64(w*each + i + 1)
					first := draft(no, incident.Handling{})
					record, version := stored(first)
					failures <- s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
						if _, err := tx.Epoch(); err != nil {
							return err
						}
						head, err := tx.LockRecord("BID-TEST-0999")
						if err != nil {
							return err
						}
						return errors.Join(tx.Append(store.Change{Action: "touch", Record: &head}), tx.Append(first),
							tx.Append(publication(record, version, schema.Public)))
					})
				}
			})
		}
		group.Wait()
		close(failures)
		for err := range failures {
			if err != nil {
				t.Fatal(err)
			}
		}
		read(t, s, func(tx *store.Tx) error {
			entries, err := tx.LedgerAfter(0, 1000, store.LedgerFilter{})
			if err != nil {
				return err
			}
			if want := 2 + 3*writers*each; len(entries) != want {
				t.Errorf("%d entries, want %d", len(entries), want)
			}
			for i, entry := range entries {
				if entry.Seq != int64(i+1) {
					t.Fatalf("entry %d has number %d", i+1, entry.Seq)
				}
			}
			for _, tier := range []schema.Tier{schema.Public, schema.Members} {
				feed, err := tx.FeedAfter(tier, 0, 1000)
				if err != nil {
					return err
				}
				if len(feed) != writers*each || feed[len(feed)-1].No != int64(len(feed)) {
					t.Errorf("%s feed: %d entries", tier, len(feed))
				}
			}
			record, err := tx.Record("BID-TEST-0999")
			if err == nil && record.Revision != 1+writers*each {
				t.Errorf("the shared record has revision %d", record.Revision)
			}
			return err
		})
		wantClean(t, s)
	})
}

func TestReadsSeeOneSnapshot(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		write(t, s, draft(1, incident.Handling{}))
		read(t, s, func(tx *store.Tx) error {
			before, err := tx.LedgerHead()
			if err != nil {
				return err
			}
			write(t, s, draft(2, incident.Handling{}))
			after, err := tx.LedgerHead()
			if err != nil {
				return err
			}
			if before != after {
				t.Error("the head moved inside a snapshot")
			}
			_, err = tx.Record("BID-TEST-0002")
			wantFault(t, err, fault.NotFound, "record.not_found")
			return nil
		})
	})
}

func TestBadTextIsRefused(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		for _, bad := range []struct{ text, code string }{{"a\x00b", "text.nul"}, {"a\xffb", "text.not_utf8"}} {
			c := draft(1, incident.Handling{})
			c.Record.Reason = bad.text
			wantFault(t, tryWrite(t, s, c), fault.Invalid, bad.code)
			c = draft(1, incident.Handling{})
			c.Version_.Body = []byte(bad.text)
			wantFault(t, tryWrite(t, s, c), fault.Invalid, bad.code)
			c = draft(1, incident.Handling{})
			c.Subject = bad.text
			wantFault(t, tryWrite(t, s, c), fault.Invalid, bad.code)
		}
	})
}

func TestTooManyChangesAreRefused(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		err := s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
			for i := range store.MaxChanges + 1 {
				if err := tx.Append(store.Change{Action: "a", Subject: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		wantMisuse(t, err, "more than 100 changes")
	})
}

func TestAWriteInsideAWritePanics(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		inner := func(ctx context.Context) (said any) {
			defer func() { said = recover() }()
			_ = s.Write(ctx, ana(), func(*store.WriteTx) error { return nil })
			return nil
		}
		_ = s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
			for _, ctx := range []context.Context{tx.Context(), t.Context()} {
				said, _ := inner(ctx).(string)
				if !strings.Contains(said, "a Write inside a Write") {
					t.Errorf("got %q", said)
				}
			}
			return nil
		})
		write(t, s, store.Change{Action: "a", Subject: "after"})
	})
}

func TestWatchWakes(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		s, other := d.Open(t), d.Open(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		wake := s.Watch(ctx)
		for _, writer := range []*store.Store{s, other} {
			write(t, writer, store.Change{Action: "a", Subject: "x"})
			select {
			case <-wake:
			case <-time.After(10 * time.Second):
				t.Fatal("no wake")
			}
		}
		stop()
		for range wake { // until it is closed
		}
	})
}

func TestIdempotency(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		remember := func() error {
			return s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
				return tx.Remember("k", "p-ana", []byte(`{}`))
			})
		}
		if err := remember(); err != nil {
			t.Fatal(err)
		}
		wantFault(t, remember(), fault.Conflict, "idempotency.used")
		read(t, s, func(tx *store.Tx) error {
			got, ok, err := tx.Idempotent("k", "p-ana")
			if !ok || string(got) != "{}" {
				t.Errorf("got %q %v", got, ok)
			}
			_, ok, _ = tx.Idempotent("k", "p-ben")
			if ok {
				t.Error("another person's key")
			}
			return err
		})
	})
}

func TestNumbers(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		var nos []int64
		for range 2 {
			err := s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
				for range 2 {
					no, err := tx.NextNo()
					if err != nil {
						return err
					}
					nos = append(nos, no)
					if err := tx.Append(draft(no, incident.Handling{})); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(nos, []int64{1, 2, 3, 4}) {
			t.Errorf("got %v", nos)
		}
	})
}

func TestWork(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		for no := range int64(4) {
			c := draft(no+1, incident.Handling{})
			c.Version_.State, c.Version_.Updated = incident.Submitted, incident.Micros(100-no)
			c.VersionTerms = map[string][]string{"domain": {[]string{"human", "crop"}[no%2]}}
			if no == 3 {
				c.Version_.Handling.Excluded = []string{"o-south"}
				c.Assign = []incident.Assignment{{ID: "s", Record: c.Record.ID, Version: c.Version_.ID, Person: "p-ben",
					Org: "o-south", Duty: incident.ReviewDuty}}
			}
			write(t, s, c)
		}
		human := store.ScopeSQL{SQL: `EXISTS (SELECT 1 FROM terms WHERE terms.version = versions.id AND terms.kind = ?
			AND terms.code IN ?) AND versions.marking <= ?`, Args: []any{"domain", []string{"human"}, 1}}
		for name, c := range map[string]struct {
			filter store.WorkFilter
			want   []string
		}{
			"all":          {store.WorkFilter{}, []string{"v-4-1", "v-3-1", "v-2-1", "v-1-1"}},
			"page":         {store.WorkFilter{After: &store.WorkKey{Updated: 98, Version: "v-3-1"}, Limit: 1}, []string{"v-2-1"}},
			"scope":        {store.WorkFilter{Scopes: []store.ScopeSQL{human}}, []string{"v-3-1", "v-1-1"}},
			"assignee":     {store.WorkFilter{Assignee: "p-ben"}, []string{"v-4-1"}},
			"unassigned":   {store.WorkFilter{Unassigned: true, Limit: 1}, []string{"v-3-1"}},
			"not excluded": {store.WorkFilter{NotExcluded: "o-south", Limit: 1}, []string{"v-3-1"}},
			"not author":   {store.WorkFilter{NotAuthor: "p-ana"}, nil},
			"not owner":    {store.WorkFilter{NotOwner: "o-north"}, nil},
			"states":       {store.WorkFilter{States: []incident.VersionState{incident.Draft}}, nil},
		} {
			var got []string
			read(t, s, func(tx *store.Tx) error {
				rows, err := tx.Work(c.filter)
				for _, row := range rows {
					got = append(got, row.Version.ID)
				}
				return err
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
	})
}

// TestAWorkingCopyIsLeft: a version without a body leaves the working copy, an empty one empties it; and what was
// submitted is not read with the heads.
func TestAWorkingCopyIsLeft(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		write(t, s, draft(1, incident.Handling{}))
		id := "BID-TEST-0001"
		stored := func(state incident.VersionState, body []byte) (whole, head incident.Version) {
			t.Helper()
			var v incident.Version
			read(t, s, func(tx *store.Tx) (err error) { v, _, err = tx.OpenVersion(id); return err })
			v.State, v.Body = state, body
			write(t, s, store.Change{Action: "incident.submit", Subject: id, Version_: &v})
			read(t, s, func(tx *store.Tx) error {
				all, err := tx.OpenVersions([]string{id})
				if err != nil {
					return err
				}
				heads, err := tx.OpenHeads([]string{id})
				whole, head = all[id], heads[id]
				return err
			})
			return whole, head
		}
		if whole, head := stored(incident.Draft, nil); len(whole.Body) == 0 || string(head.Body) != string(whole.Body) {
			t.Errorf("a draft: %q, its head %q", whole.Body, head.Body)
		}
		whole, head := stored(incident.Submitted, nil)
		if len(whole.Body) == 0 || head.Body != nil || head.Revision != whole.Revision || head.State != incident.Submitted {
			t.Errorf("submitted: %+v, its head %+v", whole, head)
		}
		if whole, _ := stored(incident.Submitted, []byte{}); whole.Body != nil {
			t.Errorf("emptied: %q", whole.Body)
		}
	})
}

// TestStepsOfRows: rows are marked; one that is not there is an error.
func TestStepsOfRows(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		batch := store.Import{ID: "i1", Org: "o-north", Person: "p-ana", Profile: "p", Files: []string{"a.csv"}, State: store.ImportLoaded}
		change := store.Change{Action: "batch.import", Subject: "i1", Import: &batch}
		for ordinal := range int64(5) {
			change.ImportRows = append(change.ImportRows, store.ImportRow{Import: "i1", Ordinal: ordinal + 1, File: "a.csv",
				RowID: fmt.Sprint(ordinal), Outcome: "created"})
		}
		write(t, s, change)
		write(t, s, store.Change{Action: "batch.submit", Subject: "i1", Steps: []store.RowStep{
			{Import: "i1", Ordinal: 1, Step: "submit"}, {Import: "i1", Ordinal: 2, Why: "check.text"}, {Import: "i1", Ordinal: 3, Step: "submit"}}})
		var got []string
		read(t, s, func(tx *store.Tx) error {
			rows, err := tx.ImportRows("i1", 0, 10, store.RowFilter{})
			for _, row := range rows {
				got = append(got, row.Step+"/"+row.StepWhy+"/"+row.RowID)
			}
			return err
		})
		if want := []string{"submit//0", "/check.text/1", "submit//2", "//3", "//4"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		err := tryWrite(t, s, store.Change{Action: "batch.submit", Subject: "i1", Steps: []store.RowStep{{Import: "i1", Ordinal: 6, Step: "submit"}}})
		if err == nil {
			t.Error("a row that is not there was marked")
		}
	})
}
