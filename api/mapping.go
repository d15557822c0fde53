package api

import (
	"bioincident/api/gen"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
)

// names say people and organizations as the contract does. Whoever is not among those that came with an answer has no
// name here: an internal id is never said.
type names struct {
	people map[string]identity.Person
	orgs   map[string]identity.Org
}

func (n names) org(id string) string { return n.orgs[id].Slug }

// person gives PERSON@ORG, or the handle alone where no organization was acting.
func (n names) person(person, org string) string {
	handle := n.people[person].Handle
	if handle == "" && (person == "operator" || person == "clock") {
		return person
	}
	if slug := n.org(org); slug != "" {
		return handle + "@" + slug
	}
	return handle
}

func (s *Server) working(lang string, w workflow.Working) gen.Working {
	n := names{w.People, w.Orgs}
	out := gen.Working{
		Id: w.Record.ID, State: gen.WorkingState(w.Record.State), Edition: w.Record.Edition,
		Owner: n.org(w.Record.Owner), Created: moment(w.Record.Created), Batch: w.Record.Batch,
		Reason: w.Record.Reason, MergedInto: w.Record.MergedInto,
		Body:     w.Body,
		Comments: comments(w), Can: s.abilities(lang, w.Can),
	}
	if w.Record.Originator != w.Record.Owner {
		out.Originator = n.org(w.Record.Originator)
	}
	if w.Editor() {
		out.Revision = w.Revision.String()
	}
	if w.Version != nil {
		out.Version = version(n, *w.Version)
		if w.Need.Rule != "" {
			out.Quorum = s.quorum(lang, w)
		}
	}
	if w.Body != nil {
		out.Handling = handling(n, w.Handling)
	}
	out.Attestations = each(w.Attestations, func(a incident.Attestation) gen.Attestation { return attestation(n, a) })
	out.Assignments = assignments(n, w.Assignments)
	for _, f := range w.Findings {
		out.Findings = append(out.Findings, gen.Finding{
			Code: f.Code, Level: gen.FindingLevel(f.Level), Pointer: bodyPrefix + f.Pointer, Detail: s.say(lang, f.Code, f.Params),
		})
	}
	for _, warning := range w.Warnings {
		out.Warnings = append(out.Warnings, gen.Warning{Code: warning.Code, Detail: s.say(lang, warning.Code, warning.Params)})
	}
	if p := w.Pending; p != nil {
		out.Pending = &gen.Pending{
			What: gen.WorkingPendingWhat(p.What), Person: n.person(p.By, p.Org), Organization: n.org(p.Org),
			Since: moment(p.Since), Until: moment(p.Until), InForce: p.InForce,
		}
	}
	out.Waiting = each(w.Waiting, func(waits workflow.Waits) gen.Waiting { return s.waiting(lang, n, waits) })
	return out
}

func (s *Server) waiting(lang string, n names, w workflow.Waits) gen.Waiting {
	return gen.Waiting{
		What: gen.WaitingKind(w.What), Words: s.Message.Say(lang, "waiting."+w.What, nil), Why: w.Why, Into: w.Into, Person: n.person(w.By, w.Org),
		Organization: n.org(w.Org), Since: moment(w.Since), Until: moment(w.Until), Overdue: w.Overdue,
	}
}

func version(n names, v incident.Version) *gen.Version {
	return &gen.Version{
		Number: v.N, State: gen.VersionState(v.State), Class: string(v.Class), Base: v.Base, Round: v.Round,
		Submitted: moment(v.Submitted), Updated: moment(v.Updated), ContentHash: v.ContentHash, Reason: v.Reason,
		Depth: v.Depth, Flags: v.Flags, PublishAt: moment(v.PublishAt),
		Authors: each(v.Authors, func(id string) string { return n.person(id, "") }),
	}
}

func (s *Server) quorum(lang string, w workflow.Working) *gen.Quorum {
	return &gen.Quorum{
		Met: w.QuorumMet, Recommendations: w.Need.Recommendations, RecommendingOrganizations: w.Need.RecommendingOrgs,
		Approvals: w.Need.Approvals, OneAction: w.Need.OneAction, Sensitive: w.Sensitive, Rule: w.Need.Rule,
		Lacking: s.reasons(lang, w.Lacking),
	}
}

func (s *Server) abilities(lang string, can []workflow.Ability) []gen.Ability {
	return each(can, func(a workflow.Ability) gen.Ability {
		return gen.Ability{Action: a.Action, Allowed: a.Allowed, Missing: s.reasons(lang, a.Missing)}
	})
}

func handling(n names, h incident.Handling) gen.Handling {
	out := gen.Handling{
		Marking: gen.Tier(h.Marking.String()), Attribution: h.Attribution, NotBefore: moment(h.NotBefore),
		Recipients: each(h.Recipients, n.org), Excluded: each(h.Excluded, n.org),
	}
	for name, tier := range h.Tiers {
		if out.Tiers == nil {
			out.Tiers = map[string]gen.Tier{}
		}
		out.Tiers[name] = gen.Tier(tier.String())
	}
	return out
}

func attestation(n names, a incident.Attestation) gen.Attestation {
	return gen.Attestation{
		Kind: gen.AttestationKind(a.Kind), Person: n.person(a.Person, a.Org), Organization: n.org(a.Org), At: moment(a.At),
		Voided: moment(a.Voided), Counts: a.Voided == 0, ContentHash: a.ContentHash, HandlingHash: a.HandlingHash,
		Checklist: a.Checklist, Depth: a.Depth,
	}
}

func assignments(n names, all []incident.Assignment) []gen.Assignment {
	return each(all, func(a incident.Assignment) gen.Assignment {
		return gen.Assignment{
			Person: n.person(a.Person, a.Org), Organization: n.org(a.Org), Duty: gen.AssignmentDuty(a.Duty), Since: moment(a.At),
			Released: moment(a.Released), Why: a.Why, Interests: a.Declared != [3]bool{},
		}
	})
}

func comments(w workflow.Working) []gen.Comment {
	n := names{w.People, w.Orgs}
	return each(w.Comments, func(c incident.Comment) gen.Comment {
		return gen.Comment{
			Id: c.ID, Round: c.Round, Pointer: c.Pointer, Request: c.Request, Text: c.Text, Suggestion: c.Suggestion,
			Person: n.person(c.Person, c.Org), Organization: n.org(c.Org), At: moment(c.At), Accepted: moment(c.Accepted),
		}
	})
}
