package cases

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/policies"
	"bioincident/schema"
)

//go:embed cases.yaml
var text []byte //nolint:gochecknoglobals // embedded data can only be a package variable

// Public is the name of whoever is not signed in.
const Public = "public"

// World is everything in cases.yaml.
type World struct {
	Orgs    []identity.Org    // by slug, which is also the id
	People  []identity.Person // by handle, which is also the id
	Members []identity.Membership
	Grants  []identity.Grant
	Records []Record
	Reads   []Read
	May     []May
}

// Record is a record and its open version, as the world has it.
type Record struct {
	Name        string // a word of its summary too
	Owner       string
	State       incident.RecordState
	Version     incident.VersionState // "" when none is open
	Class       incident.ChangeClass
	Marking     schema.Tier
	Areas       []string
	Domains     []string
	Cause       string
	Type        string
	Authors     []string // handles
	Assigned    []string // handle@organization, to review
	Recommended []string // handle@organization
	Excluded    []string
	Recipients  []string
}

// Read says who sees which view of a published record; Sees is false for nobody's eyes.
type Read struct {
	Record string
	Who    string
	Sees   bool
	Tier   schema.Tier
}

// Answers to a question.
const (
	Yes    = "yes"
	Hidden = "hidden"
)

// May says what somebody may do with a record. Answer is Yes, Hidden, or the first code of the refusal without
// "policy.".
type May struct {
	Record, Who, Action, Answer string
}

type file struct {
	Organizations map[string]struct{ Name, Kind, Status string }
	People        map[string]map[string][]identity.Role
	Grants        []struct {
		ID, Org, Action               string
		Areas, Domains, Causes, Types []string
		Highest                       string
	}
	Records map[string]struct {
		Record, Version, Class, Owner, Marking, Cause, Type                  string
		Areas, Domains, Authors, Assigned, Recommended, Excluded, Recipients []string
	}
	Reads map[string]map[string]string
	May   map[string]map[string]struct {
		Yes, Hidden []string
		No          map[string]string
	}
}

// Load reads the world and checks that what it names is there.
func Load() (*World, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var f file
	if err := decoder.Decode(&f); err != nil {
		return nil, fmt.Errorf("cases.yaml: %w", err)
	}
	w := &World{}
	w.readOrgs(f)
	if err := w.readGrants(f); err != nil {
		return nil, err
	}
	if err := w.readRecords(f); err != nil {
		return nil, err
	}
	if err := w.readExpectations(f); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *World) readOrgs(f file) {
	for _, slug := range sorted(f.Organizations) {
		o := f.Organizations[slug]
		status := identity.Active
		if o.Status != "" {
			status = identity.Status(o.Status)
		}
		w.Orgs = append(w.Orgs, identity.Org{ID: slug, Slug: slug, Name: o.Name, Kind: o.Kind, Status: status})
	}
	for _, handle := range sorted(f.People) {
		w.People = append(w.People, identity.Person{ID: handle, Handle: handle, Name: handle, Status: identity.Active})
		for _, org := range sorted(f.People[handle]) {
			for _, role := range f.People[handle][org] {
				w.Members = append(w.Members, identity.Membership{Person: handle, Org: org, Role: role})
			}
		}
	}
}

func (w *World) readGrants(f file) error {
	for _, g := range f.Grants {
		scope := identity.Scope{Areas: g.Areas, Domains: g.Domains, Causes: g.Causes, Types: g.Types}
		if g.Highest != "" {
			tier, err := schema.ParseTier(g.Highest)
			if err != nil {
				return fmt.Errorf("grant %s: %w", g.ID, err)
			}
			scope.Highest = &tier
		}
		w.Grants = append(w.Grants, identity.Grant{ID: g.ID, Org: g.Org, Action: identity.GrantAction(g.Action), Scope: scope})
	}
	return nil
}

func (w *World) readRecords(f file) error {
	for _, name := range sorted(f.Records) {
		in := f.Records[name]
		r := Record{
			Name: name, Owner: or(in.Owner, "north"), State: incident.RecordState(in.Record),
			Version: incident.VersionState(in.Version), Class: incident.ChangeClass(in.Class),
			Areas: orList(in.Areas, "KEN"), Domains: orList(in.Domains, "human"), Cause: or(in.Cause, "natural"),
			Type: or(in.Type, "outbreak.human_disease"), Assigned: in.Assigned, Recommended: in.Recommended,
			Excluded: in.Excluded, Recipients: in.Recipients,
		}
		if r.Version != "" && r.Class == "" {
			r.Class = incident.Initial
		}
		var err error
		if r.Marking, err = schema.ParseTier(or(in.Marking, "public")); err != nil {
			return fmt.Errorf("record %s: %w", name, err)
		}
		for _, author := range orList(in.Authors, "ana@north") {
			handle, _, _ := strings.Cut(author, "@")
			r.Authors = append(r.Authors, handle)
		}
		for _, person := range slices.Concat(in.Authors, r.Assigned, r.Recommended) {
			if _, err := w.Principal(person); err != nil {
				return fmt.Errorf("record %s: %w", name, err)
			}
		}
		w.Records = append(w.Records, r)
	}
	return nil
}

func (w *World) readExpectations(f file) error {
	known := func(record, who string) error {
		if _, err := w.Record(record); err != nil {
			return err
		}
		_, err := w.Principal(who)
		return err
	}
	for _, record := range sorted(f.Reads) {
		for _, who := range w.Names() {
			tier, ok := f.Reads[record][who]
			if !ok {
				continue
			}
			if err := known(record, who); err != nil {
				return err
			}
			parsed, err := schema.ParseTier(tier)
			if err != nil {
				return err
			}
			w.Reads = append(w.Reads, Read{record, who, true, parsed})
		}
	}
	for _, record := range sorted(f.May) {
		for _, who := range sorted(f.May[record]) {
			if err := known(record, who); err != nil {
				return err
			}
			m := f.May[record][who]
			for _, action := range m.Yes {
				w.May = append(w.May, May{record, who, action, Yes})
			}
			for _, action := range m.Hidden {
				w.May = append(w.May, May{record, who, action, Hidden})
			}
			for _, action := range sorted(m.No) {
				w.May = append(w.May, May{record, who, action, m.No[action]})
			}
		}
	}
	return nil
}

// Names lists everybody who can ask: the public, then every person in every organization as handle@organization.
func (w *World) Names() []string {
	names := []string{Public}
	for _, m := range w.Members {
		if name := m.Person + "@" + m.Org; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Principal gives somebody by name: handle@organization, or Public.
func (w *World) Principal(name string) (identity.Principal, error) {
	if name == Public {
		return identity.Principal{}, nil
	}
	handle, slug, err := identity.ParseName(name)
	if err != nil {
		return identity.Principal{}, err
	}
	who := identity.Principal{Person: handle, Handle: handle, Org: slug, OrgSlug: slug, Via: identity.ViaAPI}
	for _, o := range w.Orgs {
		if o.ID == slug {
			who.OrgStatus = o.Status
		}
	}
	for _, m := range w.Members {
		if m.Person == handle && m.Org == slug {
			who.Roles = append(who.Roles, m.Role)
		}
	}
	if who.OrgStatus == "" || len(who.Roles) == 0 {
		return identity.Principal{}, fmt.Errorf("nobody is called %s", name)
	}
	return who, nil
}

// Record gives a record by name.
func (w *World) Record(name string) (Record, error) {
	for _, r := range w.Records {
		if r.Name == name {
			return r, nil
		}
	}
	return Record{}, fmt.Errorf("no record is called %s", name)
}

// ActiveGrants gives the grants of organizations that are not suspended, as rules are made of.
func (w *World) ActiveGrants() []identity.Grant {
	return slices.DeleteFunc(slices.Clone(w.Grants), func(g identity.Grant) bool { return w.suspended(g.Org) })
}

func (w *World) suspended(org string) bool {
	return slices.ContainsFunc(w.Orgs, func(o identity.Org) bool { return o.ID == org && o.Status == identity.Suspended })
}

// Facts gives what a decision about a record depends on.
func (w *World) Facts(r Record) policies.Facts {
	f := policies.Facts{
		Record: r.Name, Owner: r.Owner, RecordState: r.State, VersionState: r.Version, Class: r.Class, Marking: r.Marking,
		Terms:   map[string][]string{"area": r.Areas, "domain": r.Domains, "cause": {r.Cause}, "type": {r.Type}},
		Authors: r.Authors, Excluded: r.Excluded, Recipients: r.Recipients, OwnerSuspended: w.suspended(r.Owner),
		ContentHash: "content of " + r.Name, HandlingHash: "handling of " + r.Name,
	}
	for _, name := range r.Assigned {
		handle, org, _ := strings.Cut(name, "@")
		f.Assignments = append(f.Assignments, incident.Assignment{Person: handle, Org: org, Duty: incident.ReviewDuty})
	}
	for _, name := range r.Recommended {
		handle, org, _ := strings.Cut(name, "@")
		f.Attestations = append(f.Attestations, incident.Attestation{Kind: incident.Recommend, Person: handle, Org: org,
			ContentHash: f.ContentHash, HandlingHash: f.HandlingHash})
	}
	return f
}

// Sees gives what somebody sees of a published record: what is written of them, else what the public sees.
func (w *World) Sees(record, who string) (schema.Tier, bool) {
	for _, name := range []string{who, Public} {
		for _, read := range w.Reads {
			if read.Record == record && read.Who == name {
				return read.Tier, read.Sees
			}
		}
	}
	return schema.Public, false
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func orList(list []string, fallback string) []string {
	if len(list) == 0 {
		return []string{fallback}
	}
	return list
}
