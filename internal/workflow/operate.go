package workflow

import (
	"context"
	"io"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/ledger"
	"bioincident/policies"
)

// Me gives the person who asks, with their roles in the acting organization, and the actions they may take that need no
// object. The operator has no person.
func (w *Workflow) Me(ctx context.Context, who identity.Principal) (Person, []string, error) {
	var me Person
	var can []string
	err := w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		me = Person{Person: c.people[c.who.Person], Org: c.who.OrgSlug}
		for _, role := range c.who.Roles {
			me.Memberships = append(me.Memberships, identity.Membership{Person: c.who.Person, Org: c.who.Org, Role: role})
		}
		own := policies.Facts{Owner: c.who.Org, TargetPerson: c.who.Person, TargetOrg: c.who.Org}
		for _, action := range policies.Actions() {
			if c.rules.Decide(c.who, action, policies.Facts{}).Allowed || c.rules.Decide(c.who, action, own).Allowed {
				can = append(can, action)
			}
		}
		return nil
	})
	return me, can, err
}

// VerifyLedger checks the whole ledger with everything it vouches for, and gives its head and what was found. It is for
// auditors and the operator.
func (w *Workflow) VerifyLedger(ctx context.Context, who identity.Principal) (ledger.Head, []ledger.Finding, error) {
	var head ledger.Head
	err := w.read(ctx, who, func(c *call) (err error) {
		if err := c.wholeLedger(); err != nil {
			return err
		}
		head, err = c.tx.LedgerHead()
		return err
	})
	if err != nil {
		return ledger.Head{}, nil, err
	}
	findings, err := w.Store.VerifyLedger(ctx, &head)
	return head, findings, err
}

// ExportLedger writes everything that proves the ledger. Contents of every tier are in it, and no role reads them all:
// it is for the operator, who has the database anyhow.
func (w *Workflow) ExportLedger(ctx context.Context, who identity.Principal, out io.Writer) error {
	err := w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		return c.rules.Decide(c.who, "ledger.export", policies.Facts{}).Fault("ledger")
	})
	if err != nil {
		return err
	}
	return w.Store.ExportLedger(ctx, out)
}

func (c *call) wholeLedger() error {
	if c.who.Anonymous() {
		return fault.New(fault.Unauthenticated, "auth.required")
	}
	return c.rules.Decide(c.who, "ledger.read", policies.Facts{}).Fault("ledger")
}

// MayRebuild decides whether somebody may have the word indexes built anew.
func (w *Workflow) MayRebuild(ctx context.Context, who identity.Principal) error {
	return w.mayIndex(ctx, who, "index.rebuild")
}

// MayReadIndex decides whether somebody may know how the word indexes are and have them checked.
func (w *Workflow) MayReadIndex(ctx context.Context, who identity.Principal) error {
	return w.mayIndex(ctx, who, "index.read")
}

func (w *Workflow) mayIndex(ctx context.Context, who identity.Principal, action string) error {
	return w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		return c.rules.Decide(c.who, action, policies.Facts{}).Fault("index")
	})
}

// MayImport decides whether somebody may begin an import, before their files are read: what is wrong with those is for
// whoever may send them.
func (w *Workflow) MayImport(ctx context.Context, who identity.Principal) error {
	return w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		return c.rules.Decide(c.who, actionImport, c.ownFacts()).Fault("import")
	})
}
