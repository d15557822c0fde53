package policies

import (
	"slices"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// duty is a condition that a row asks for by name: separation of duties above all. why is asked only when it is not
// kept.
type duty struct {
	kept func(q *question) bool
	why  func(q *question, r *row) Reason
}

func because(code string) func(*question, *row) Reason {
	return func(*question, *row) Reason { return Reason{Code: "policy." + code} }
}

// allDuties gives the duties by name.
func allDuties() map[string]duty {
	return map[string]duty{
		// author, reviewer and publisher of a version are three persons
		"not_author": {
			func(q *question) bool { return !slices.Contains(q.f.Authors, q.who.Person) },
			func(_ *question, r *row) Reason {
				if r.roles&isPublisher != 0 {
					return Reason{Code: "policy.author_is_publisher"}
				}
				return Reason{Code: "policy.author_is_reviewer"}
			},
		},
		"not_reviewer": {
			func(q *question) bool { return !q.reviewed() },
			because("reviewer_is_publisher"),
		},
		"not_approver": {
			func(q *question) bool { return !q.signed(incident.Approve) },
			because("publisher_is_reviewer"),
		},
		"not_recommended": {
			func(q *question) bool { return !q.signed(incident.Recommend) },
			because("already_signed"),
		},
		"not_signed": {
			func(q *question) bool { return !q.signed(incident.Approve) },
			because("already_signed"),
		},
		// an appeal is decided by somebody else than who declined
		"not_decliner": {
			func(q *question) bool { return !slices.Contains(q.f.Decliners, q.who.Person) },
			because("declined_before"),
		},
		// who confirms did not do it
		"second_person": {
			func(q *question) bool { return !slices.Contains(q.f.Authors, q.who.Person) && !q.signed() },
			because("second_person"),
		},
		// a record of the named tier is assigned by a publisher, never taken
		"unnamed": {
			func(q *question) bool {
				return q.f.Marking != schema.Named || q.assignedFor(incident.ReviewDuty)
			},
			because("named_assigned_only"),
		},
		"for_review": {
			func(q *question) bool { return q.assignedFor(incident.ReviewDuty) },
			because("not_assigned"),
		},
		"for_sensitivity": {
			func(q *question) bool { return q.assignedFor(incident.SensitivityDuty) },
			because("not_assigned"),
		},
		// who destroys it knows that it is there
		"known": {
			func(q *question) bool {
				_, ok := AudienceOf(*q.who).Tier(q.f.Marking, q.f.Owner, q.f.Recipients)
				return ok && q.published() || q.may("incident.read_card")
			},
			because("not_visible"),
		},
		// what is quarantined has been read by whoever does it
		"reads": {
			func(q *question) bool {
				_, ok := AudienceOf(*q.who).Tier(q.f.Marking, q.f.Owner, q.f.Recipients)
				return ok && q.published() || q.may("incident.read_work")
			},
			because("not_visible"),
		},
		// open versions of a suspended organization are frozen
		"owner_active": {
			func(q *question) bool { return !q.f.OwnerSuspended },
			because("owner_suspended"),
		},
		// the focal point consented to situation updates before they were written
		"ahead": {
			func(q *question) bool { return q.f.StandingConsent },
			because("no_consent_ahead"),
		},
		"sees": {
			func(q *question) bool {
				_, ok := AudienceOf(*q.who).Tier(q.f.Marking, q.f.Owner, q.f.Recipients)
				return ok
			},
			because("not_visible"),
		},
		// nobody gives more rights than theirs
		"no_more_rights": {
			func(q *question) bool { return q.beyond() == "" },
			func(q *question, _ *row) Reason {
				return Reason{"policy.more_rights", map[string]any{"role": string(q.beyond())}}
			},
		},
		"target": {
			func(q *question) bool { return q.unfit() == nil },
			func(q *question, _ *row) Reason { return *q.unfit() },
		},
	}
}

// beyond gives a target role that a focal point may not give or take, "" when there is none.
func (q *question) beyond() identity.Role {
	for _, role := range q.f.TargetRoles {
		if role != identity.Reader && role != identity.Contributor && role != identity.FocalPoint {
			return role
		}
	}
	return ""
}

// unfit tells why the target cannot be assigned, nil when nobody is named yet or the target can.
func (q *question) unfit() *Reason {
	f := q.f
	if f.TargetOrg == "" {
		return nil
	}
	may := map[identity.Role]identity.GrantAction{
		identity.Reviewer: identity.GrantReview, identity.Publisher: identity.GrantPublish,
	}
	switch {
	case f.TargetOrg == f.Owner:
		return &Reason{Code: "policy.target_own_organization"}
	case slices.Contains(f.Excluded, f.TargetOrg):
		return &Reason{Code: "policy.target_excluded"}
	case f.TargetPerson != "" && slices.Contains(f.Authors, f.TargetPerson):
		return &Reason{Code: "policy.target_is_author"}
	}
	target, held := q.rules.of(f.TargetOrg), false
	for role, action := range may {
		if !slices.Contains(f.TargetRoles, role) {
			continue
		}
		held = true
		if target.any(action, *f) {
			return nil
		}
	}
	if !held {
		return &Reason{Code: "policy.target_role"}
	}
	return &Reason{Code: "policy.target_grant"}
}
