package workflow

import (
	"context"
	"slices"
	"sync"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// publishPlan is what publishing a version comes to: the views of all tiers and what the checks find. It is made of the
// content, the handling and the number of the edition; where any of them is another at the moment of publishing, it is
// made again.
type publishPlan struct {
	contentHash  string
	handlingHash string
	number       int
	slug         string
	depth        string
	views        []store.StoredView
	findings     []incident.Finding
}

func (p publishPlan) fits(s *subject, slug string) bool {
	return p.contentHash == s.version.ContentHash && p.handlingHash == s.version.Handling.Hash() &&
		p.number == s.record.Edition+1 && p.slug == slug && p.depth == depthOf(s.version)
}

// depthOf gives how deeply a version was reviewed. One that was taken in one action was read by whoever took it.
func depthOf(v incident.Version) string {
	if v.Depth == "" {
		return depthIndividually
	}
	return v.Depth
}

// planPublish computes the views of a version about to be published.
func (w *Workflow) planPublish(record incident.Record, v incident.Version, content incident.Content, slug string) (publishPlan, error) {
	plan := publishPlan{contentHash: v.ContentHash, handlingHash: v.Handling.Hash(), number: record.Edition + 1, slug: slug,
		depth: depthOf(v)}
	body, doc, err := w.parse(content)
	if err != nil {
		return plan, err
	}
	plan.findings = w.Checks.ForPublish(body, doc)
	plan.views, err = w.views(edition{record: record, number: plan.number, current: true, doc: doc, handling: v.Handling,
		slug: slug, depth: plan.depth})
	return plan, err
}

// planPublishes computes the plans of many records outside of the writing transaction, on as many processors as there
// are. What has no submitted open version, or cannot be read, has no plan: the command says why.
func (w *Workflow) planPublishes(ctx context.Context, who identity.Principal, ids []string) (map[string]publishPlan, error) {
	plans := make(map[string]publishPlan, len(ids))
	err := w.read(ctx, who, func(c *call) error {
		records, err := c.tx.Records(ids)
		if err != nil {
			return err
		}
		open, err := c.tx.OpenHeads(ids)
		if err != nil {
			return err
		}
		hashes := make([]string, 0, len(open))
		for _, v := range open {
			hashes = append(hashes, v.ContentHash)
		}
		contents, err := c.tx.Contents(hashes)
		if err != nil {
			return err
		}
		var lock sync.Mutex
		inParallel(ids, func(id string) {
			v, ok := open[id]
			content, frozen := contents[v.ContentHash]
			if !ok || !frozen {
				return
			}
			record := records[id]
			plan, err := w.planPublish(record, v, content, c.orgs[record.Owner].Slug)
			if err != nil {
				return
			}
			lock.Lock()
			defer lock.Unlock()
			plans[id] = plan
		})
		return nil
	})
	return plans, err
}

// inParallel calls a function for each item, a few at a time, and waits for all.
func inParallel(items []string, fn func(string)) {
	const workers = 4
	var wait sync.WaitGroup
	for part := range workers {
		wait.Go(func() {
			for i := part; i < len(items); i += workers {
				fn(items[i])
			}
		})
	}
	wait.Wait()
}

// Publish approves a recommended version. When that fills the quorum and the grants cover it, it becomes the next
// edition; otherwise the approval is kept and counts, and the version waits for another publisher.
func (w *Workflow) Publish(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if d := c.decide(s, incident.ActionPublish, c.facts(s)); !d.Allowed && !d.Partly {
			return d.Fault("incident")
		}
		if err := s.at(rev); err != nil {
			return err
		}
		return w.publishOne(c, s, publishPlan{}, note)
	})
}

// publishOne decides, counts the quorum over the hashes at hand, and appends one change. A plan that does not fit is made
// again here.
func (w *Workflow) publishOne(c *call, s *subject, plan publishPlan, note string) error {
	f := c.facts(s)
	decision := c.decide(s, incident.ActionPublish, f)
	if !decision.Allowed && !decision.Partly {
		return decision.Fault("incident")
	}
	next, err := s.step(incident.ActionPublish)
	if err != nil {
		return err
	}
	if signed(s.attestations, c.who.Person, incident.Approve, f) {
		return fault.New(fault.Conflict, "workflow.already_signed")
	}
	a, err := w.attest(c, s.record.ID, s.version.ID, incident.Approve, s.version.ContentHash, f.HandlingHash)
	if err != nil {
		return err
	}
	f.Attestations = append(slices.Clone(s.attestations), a)
	if err := consented(f); err != nil {
		return err
	}
	met, lacking := c.rules.Quorum(f.Class, f.Sensitive).MetBy(f)
	if !met && onlyApprovals(lacking) || decision.Partly {
		s.attestations = f.Attestations
		return c.append(s, store.Change{Action: incident.ActionPublish, Attest: []incident.Attestation{a},
			Details: words(note, "waits", "approval")}, withVersion)
	}
	if !met {
		return unmet(lacking)
	}
	return w.toEdition(c, s, plan, f, next, store.Change{Action: incident.ActionPublish,
		Attest: []incident.Attestation{a}, Details: words(note)})
}

// signed tells whether a person signed so over the hashes at hand.
func signed(attestations []incident.Attestation, person string, kind incident.AttestationKind, f policies.Facts) bool {
	return slices.ContainsFunc(attestations, func(a incident.Attestation) bool {
		return a.Voided == 0 && a.Person == person && a.Kind == kind && a.ContentHash == f.ContentHash &&
			(a.HandlingHash == f.HandlingHash || slices.Contains(f.Wider, a.HandlingHash))
	})
}

// onlyApprovals tells whether nothing is missing but more approvals.
func onlyApprovals(lacking []policies.Reason) bool {
	return !slices.ContainsFunc(lacking, func(r policies.Reason) bool { return r.Code != "quorum.approvals" })
}

func unmet(lacking []policies.Reason) error {
	refused := fault.New(fault.Conflict, lacking[0].Code)
	refused.Params = lacking[0].Params
	for _, reason := range lacking {
		refused.Fields = append(refused.Fields, fault.Field{Code: reason.Code, Params: reason.Params})
	}
	return refused
}

// consented demands the owner's consent to exactly this content, under this handling or a wider one.
func consented(f policies.Facts) error {
	if f.Consented() {
		return nil
	}
	return fault.New(fault.Conflict, "workflow.no_consent")
}

// Accept takes a situation update, an editorial change or a translation in one action of a reviewer or publisher of
// another organization.
func (w *Workflow) Accept(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionAccept); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		return w.acceptOne(c, s, publishPlan{}, note)
	})
}

// acceptOne decides, counts the quorum, and appends one change.
func (w *Workflow) acceptOne(c *call, s *subject, plan publishPlan, note string) error {
	f := c.facts(s)
	if err := c.mayWith(s, incident.ActionAccept, f); err != nil {
		return err
	}
	next, err := s.step(incident.ActionAccept)
	if err != nil {
		return err
	}
	need := c.rules.Quorum(f.Class, f.Sensitive)
	a, err := w.attest(c, s.record.ID, s.version.ID, incident.Approve, s.version.ContentHash, f.HandlingHash)
	if err != nil {
		return err
	}
	a.Depth = depthIndividually
	f.Attestations = append(slices.Clone(s.attestations), a)
	if err := consented(f); err != nil {
		return err
	}
	if met, lacking := need.MetBy(f); !met {
		return unmet(lacking)
	}
	return w.toEdition(c, s, plan, f, next, store.Change{Action: incident.ActionAccept,
		Attest: []incident.Attestation{a}, Details: words(note)})
}

// toEdition makes the open version the next edition: checks, views of all tiers, the record's head. Earlier editions are
// sealed anew when the handling is another than before.
func (w *Workflow) toEdition(c *call, s *subject, plan publishPlan, f policies.Facts, next incident.VersionState, change store.Change) error {
	state, err := s.recordStep(change.Action)
	if err != nil {
		return err
	}
	if s.version.Handling.NotBefore > c.now {
		return fault.New(fault.Conflict, "publish.embargo", "not_before", int64(s.version.Handling.NotBefore))
	}
	if plan, err = w.editionPlan(c, s, plan, f); err != nil {
		return err
	}
	views := &store.Views{Of: dated(plan.views, c.now)}
	if s.published && s.version.Handling.Hash() != s.record.Handling.Hash() {
		if views.Sealed, err = w.sealed(c, s.record, s.record.Edition+1, s.version.Handling, nil); err != nil {
			return err
		}
	}
	change.Views, change.Settle = views, append(change.Settle, s.lapsed()...)
	change.Release = releases(s.inHand(), "decided")
	s.record.State, s.record.Edition, s.record.Handling = state, plan.number, s.version.Handling
	s.record.ReviewDeep = plan.depth
	s.version.State, s.version.Edition, s.version.Depth = next, plan.number, plan.depth
	s.version.Body = []byte{} // the frozen content holds it
	s.attestations = f.Attestations
	return c.append(s, change, withRecord|withVersion)
}

// editionPlan gives what the open version comes to as the next edition, when nothing but the time stands in the way.
func (w *Workflow) editionPlan(c *call, s *subject, plan publishPlan, f policies.Facts) (publishPlan, error) {
	if s.version.Base != s.record.Edition {
		return plan, fault.New(fault.Conflict, "version.base_moved", "base", s.version.Base, "edition", s.record.Edition)
	}
	slug := c.orgs[s.record.Owner].Slug
	if !plan.fits(s, slug) {
		content, err := c.tx.Content(s.version.ContentHash)
		if err != nil {
			return plan, err
		}
		if plan, err = w.planPublish(s.record, s.version, content, slug); err != nil {
			return plan, err
		}
	}
	if codes := overridden(f.Attestations); incident.Blocking(plan.findings, codes) {
		return plan, refusedByChecks("checks.refuse_publish", plan.findings, codes)
	}
	if len(plan.views) == 0 {
		return plan, fault.New(fault.Invalid, "publish.nothing_to_see")
	}
	return plan, nil
}

func dated(views []store.StoredView, at incident.Micros) []store.StoredView {
	out := slices.Clone(views)
	for i := range out {
		out[i].Published = at
	}
	return out
}
