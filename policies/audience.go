package policies

import (
	"slices"

	"bioincident/internal/identity"
	"bioincident/schema"
)

// Audience is who reads. It is a closed list: a new kind of reader is a new field with its rows in the truth table. The
// zero value is the public.
type Audience struct {
	Members bool             // members' views
	Orgs    []string         // named views owned by or addressed to one of these organizations
	Records map[string]int64 // broken glass: record id → until, microseconds UTC
	Heads   bool             // every record's head, no content
}

// AudienceOf gives the audience a principal belongs to. Administrators and auditors read no content by that role; a
// suspended organization's people are the public.
func AudienceOf(who identity.Principal) Audience {
	if who.Person == "" || who.OrgStatus != identity.Active || who.Org == "" {
		return Audience{}
	}
	a := Audience{Heads: who.Has(identity.Auditor)}
	if slices.ContainsFunc(who.Roles, readsContent) {
		a.Members = true
		a.Orgs = []string{who.Org}
	}
	if who.Has(identity.Administrator) && len(who.BreakGlass) > 0 {
		a.Records = who.BreakGlass
	}
	return a
}

func readsContent(role identity.Role) bool {
	switch role {
	case identity.Reader, identity.Contributor, identity.FocalPoint, identity.Reviewer, identity.Publisher:
		return true
	}
	return false
}

// Tier gives the highest tier at which this audience may see a published record with this marking, owner and named
// recipients; false when it may not see the record at all. Broken glass is asked of Breaks.
func (a Audience) Tier(marking schema.Tier, owner string, recipients []string) (schema.Tier, bool) {
	for _, org := range a.Orgs {
		if org == owner || slices.Contains(recipients, org) {
			return schema.Named, true
		}
	}
	if a.Members && marking <= schema.Members {
		return schema.Members, true
	}
	return schema.Public, marking == schema.Public
}

// Breaks tells whether the glass is broken for a record at a moment (microseconds UTC): then its named view is read.
func (a Audience) Breaks(record string, now int64) bool {
	return record != "" && now < a.Records[record]
}
