package policies

import (
	"fmt"
	"slices"
	"strconv"

	"bioincident/internal/incident"
)

// Need is what a change of one class takes besides the owner's consent.
type Need struct {
	Recommendations  int
	RecommendingOrgs int
	Approvals        int
	Seconds          int    // confirmations afterwards
	OneAction        bool   // one signature of a reviewer or publisher of another organization is enough
	Rule             string // "quorum.csv:7"
}

type quorumKey struct {
	class     incident.ChangeClass
	sensitive bool
}

// Quorum gives the need of a change class. A class the table does not know needs more than anybody can sign.
func (r *Rules) Quorum(class incident.ChangeClass, sensitive bool) Need {
	need, ok := r.quorum[quorumKey{class, sensitive}]
	if !ok {
		const never = 1 << 20
		return Need{Recommendations: never, RecommendingOrgs: never, Approvals: never}
	}
	return need
}

// CheckQuorum reads a quorum table without using it: what is wrong with it, or nil.
func (p *Policies) CheckQuorum(table string) error {
	_, err := readQuorum("quorum", table)
	return err
}

// QuorumTable gives the table that came with the program.
func (p *Policies) QuorumTable() string { return p.quorumText }

func readQuorum(file, text string) (map[quorumKey]Need, error) {
	const class, sensitive, recommendations, orgs, approvals, oneAction, seconds = 0, 1, 2, 3, 4, 5, 6
	lines, err := readTable(file, text, []string{
		"class", "sensitive", "recommendations", "recommending_organizations", "approvals", "one_action", "seconds"})
	if err != nil {
		return nil, err
	}
	table := map[quorumKey]Need{}
	for _, l := range lines {
		var need Need
		key := quorumKey{class: incident.ChangeClass(l.fields[class])}
		if !slices.Contains(classes(), l.fields[class]) {
			return nil, l.wrong("unknown change class %q", l.fields[class])
		}
		if key.sensitive, err = yes(l.fields[sensitive]); err != nil {
			return nil, l.wrong("sensitive: %v", err)
		}
		if need.OneAction, err = yes(l.fields[oneAction]); err != nil {
			return nil, l.wrong("one_action: %v", err)
		}
		for column, into := range map[int]*int{recommendations: &need.Recommendations, orgs: &need.RecommendingOrgs,
			approvals: &need.Approvals, seconds: &need.Seconds} {
			if *into, err = strconv.Atoi(l.fields[column]); err != nil || *into < 0 || *into > 9 {
				return nil, l.wrong("%q is not a count from 0 to 9", l.fields[column])
			}
		}
		if need.RecommendingOrgs > need.Recommendations {
			return nil, l.wrong("more organizations than recommendations")
		}
		if !need.OneAction && need.Recommendations+need.Approvals+need.Seconds == 0 {
			return nil, l.wrong("nobody would have to agree")
		}
		if _, twice := table[key]; twice {
			return nil, l.wrong("%s, sensitive %s stands twice", l.fields[class], l.fields[sensitive])
		}
		need.Rule = fmt.Sprintf("%s:%d", file, l.number)
		table[key] = need
	}
	for _, c := range classes() {
		for _, s := range []bool{false, true} {
			if _, ok := table[quorumKey{incident.ChangeClass(c), s}]; !ok {
				return nil, fmt.Errorf("%s: no line for %s, sensitive %v", file, c, s)
			}
		}
	}
	return table, nil
}

func yes(text string) (bool, error) {
	switch text {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither yes nor no", text)
}

// Met tells whether the attestations over exactly these hashes make the quorum, and what is missing. It knows neither
// owner nor authors: MetBy does, and is what a deciding transaction asks.
func (n Need) Met(atts []incident.Attestation, contentHash, handlingHash string) (bool, []Reason) {
	return n.MetBy(Facts{Attestations: atts, ContentHash: contentHash, HandlingHash: handlingHash})
}

// MetBy tells whether the unvoided attestations over the content hash and the handling hash (or a wider one that the
// present handling is within) make the quorum, and what is missing. Signatures of authors and of the owning
// organization do not count; one person counts once; who recommended does not approve, and who did either does not
// confirm.
func (n Need) MetBy(f Facts) (bool, []Reason) {
	recommenders, orgs, approvers, seconds := f.signatures()
	var missing []Reason
	short := func(code string, have, need int) {
		if have < need {
			missing = append(missing, Reason{code, map[string]any{"have": have, "need": need}})
		}
	}
	if n.OneAction {
		short("quorum.one_action", len(recommenders)+len(approvers), 1)
		return len(missing) == 0, missing
	}
	short("quorum.recommendations", len(recommenders), n.Recommendations)
	short("quorum.recommending_organizations", len(orgs), n.RecommendingOrgs)
	short("quorum.approvals", len(approvers), n.Approvals)
	short("quorum.seconds", len(seconds), n.Seconds)
	return len(missing) == 0, missing
}

// signatures sorts the counting attestations into distinct persons.
func (f *Facts) signatures() (recommenders, orgs, approvers, seconds map[string]bool) {
	recommenders, orgs = map[string]bool{}, map[string]bool{}
	approvers, seconds = map[string]bool{}, map[string]bool{}
	signed := map[string]bool{} // any of consent, recommend, approve
	for i := range f.Attestations {
		a := &f.Attestations[i]
		if !f.counts(a) {
			continue
		}
		if a.Kind != incident.Second {
			signed[a.Person] = true
		}
		outside := a.Org != f.Owner && !slices.Contains(f.Authors, a.Person)
		switch {
		case a.Kind == incident.Recommend && outside:
			recommenders[a.Person], orgs[a.Org] = true, true
		case a.Kind == incident.Approve && outside:
			approvers[a.Person] = true
		case a.Kind == incident.Second:
			seconds[a.Person] = true
		}
	}
	for person := range recommenders {
		delete(approvers, person)
	}
	for person := range seconds {
		if signed[person] || slices.Contains(f.Authors, person) {
			delete(seconds, person)
		}
	}
	return recommenders, orgs, approvers, seconds
}

// counts tells whether an attestation stands for the content and handling at hand.
func (f *Facts) counts(a *incident.Attestation) bool {
	return a.Voided == 0 && a.ContentHash == f.ContentHash &&
		(a.HandlingHash == f.HandlingHash || slices.Contains(f.Wider, a.HandlingHash))
}

// Consented tells whether the owner consented to exactly this content, under this handling or a wider one; or, for a
// situation update, ahead.
func (f Facts) Consented() bool {
	if f.StandingConsent && f.Class == incident.SituationUpdate {
		return true
	}
	for i := range f.Attestations {
		a := &f.Attestations[i]
		if a.Kind == incident.Consent && a.Org == f.Owner && f.counts(a) {
			return true
		}
	}
	return false
}
