package policies

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"bioincident/internal/identity"
	"bioincident/schema"
)

//go:embed model.conf
var modelText string //nolint:gochecknoglobals // embedded data can only be a package variable

//go:embed policy.csv
var policyText string //nolint:gochecknoglobals // as above

//go:embed quorum.csv
var quorumText string //nolint:gochecknoglobals // as above

// Policies are the rules that came with the program, read and checked once. It is immutable.
type Policies struct {
	schema     *schema.Schema
	model      string
	quorumText string
	quorum     map[quorumKey]Need
	rows       []*row
	byAction   map[string][]*row
	enforcers  map[string]*casbin.Enforcer // by action: its role rules
	duties     map[string]duty

	// What the columns of policy.csv mean, by their text, so that casbin's functions need not take texts apart.
	lists     map[string]set
	roles     map[string]mask
	relations map[string]mask
	states    map[string]*row // any row with these states
	dutyLists map[string][]duty
}

// set is the meaning of a list column; any is *.
type set struct {
	any bool
	of  map[string]bool
}

func (s set) has(code string) bool { return s.any || s.of[code] }

// at tells whether record, version and class of the question are among those of the row.
func (r *row) at(q *question) bool {
	return r.version.has(q.version) && r.record.has(q.record) && r.class.has(q.class)
}

// row is one rule of policy.csv.
type row struct {
	where     string   // policy.csv:12
	fields    []string // as casbin gets them
	name      string
	actions   set
	roles     mask
	relations mask
	record    set
	version   set
	class     set
	duties    []duty
	grant     string
	token     string
}

// Columns of policy.csv.
const (
	colName = iota
	colRole
	colAction
	colRelation
	colRecord
	colVersion
	colClass
	colDuties
	colGrant
	colToken
)

// New reads and checks the rules that came with the program. The vocabularies of the schema resolve regions to areas
// and branches to children. A wrong row is an error with its file and line.
func New(sch *schema.Schema) (*Policies, error) { return Read(sch, policyText) }

// Read is New with other rows in the place of policy.csv: what a change of them would do can be tried on a whole system.
func Read(sch *schema.Schema, policy string) (*Policies, error) {
	return read(sch, modelText, policy, quorumText, allDuties())
}

func read(sch *schema.Schema, model, policy, quorum string, duties map[string]duty) (*Policies, error) {
	p := &Policies{
		schema: sch, model: model, quorumText: quorum, duties: duties, byAction: map[string][]*row{}, enforcers: map[string]*casbin.Enforcer{},
		lists: map[string]set{}, roles: map[string]mask{}, relations: map[string]mask{},
		states: map[string]*row{}, dutyLists: map[string][]duty{},
	}
	var err error
	if p.quorum, err = readQuorum("quorum.csv", quorum); err != nil {
		return nil, err
	}
	lines, err := readTable("policy.csv", policy, []string{
		"name", "role", "action", "relation", "record", "version", "class", "duties", "grant", "token"})
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, l := range lines {
		r, err := p.readRow(l)
		if err != nil {
			return nil, err
		}
		if names[r.name] {
			return nil, l.wrong("the name %q stands twice", r.name)
		}
		names[r.name] = true
		p.rows = append(p.rows, r)
		for _, action := range Actions() {
			if r.actions.has(action) {
				p.byAction[action] = append(p.byAction[action], r)
			}
		}
	}
	for _, action := range Actions() {
		if p.enforcers[action], err = p.newEnforcer(p.byAction[action], nil); err != nil {
			return nil, fmt.Errorf("model.conf: %w", err)
		}
	}
	return p, nil
}

func (p *Policies) readRow(l line) (*row, error) {
	r := &row{where: fmt.Sprintf("%s:%d", l.file, l.number), name: l.fields[colName], grant: l.fields[colGrant], token: l.fields[colToken]}
	state := strings.Join([]string{l.fields[colRecord], l.fields[colVersion], l.fields[colClass]}, "/")
	r.fields = []string{r.name, l.fields[colRole], l.fields[colAction], l.fields[colRelation], state,
		l.fields[colDuties], r.grant, r.token}
	if r.name == "" {
		return nil, l.wrong("no name")
	}
	for _, column := range []struct {
		at    int
		known []string
		what  string
		into  *set
	}{
		{colAction, Actions(), "action", &r.actions},
		{colRecord, recordStates(), "state of a record", &r.record},
		{colVersion, versionStates(), "state of an open version", &r.version},
		{colClass, classes(), "change class", &r.class},
	} {
		codes, err := list(l, column.at, column.known, column.what)
		if err != nil {
			return nil, err
		}
		*column.into = toSet(codes)
	}
	p.lists[l.fields[colAction]] = r.actions
	p.states[state] = r
	if r.actions.any {
		return nil, l.wrong("a rule names its actions")
	}
	roles, err := list(l, colRole, roleNames(), "role")
	if err != nil {
		return nil, err
	}
	r.roles = toMask(roles, roleNames())
	p.roles[l.fields[colRole]] = r.roles
	relations, err := list(l, colRelation, relationNames(), "relation")
	if err != nil {
		return nil, err
	}
	r.relations = toMask(relations, relationNames())
	p.relations[l.fields[colRelation]] = r.relations
	if r.duties, err = p.readDuties(l); err != nil {
		return nil, err
	}
	p.dutyLists[l.fields[colDuties]] = r.duties
	if r.grant != nothing && grantAction(r.grant) == "" {
		return nil, l.wrong("unknown grant %q", r.grant)
	}
	if !slices.Contains(tokenScopes(), r.token) {
		return nil, l.wrong("unknown token scope %q", r.token)
	}
	return r, nil
}

func (p *Policies) readDuties(l line) ([]duty, error) {
	if l.fields[colDuties] == nothing {
		return nil, nil
	}
	var duties []duty
	for _, name := range strings.Split(l.fields[colDuties], "&") {
		d, ok := p.duties[name]
		if !ok {
			return nil, l.wrong("unknown duty %q", name)
		}
		duties = append(duties, d)
	}
	return duties, nil
}

const (
	anything = "*"
	nothing  = "-"
)

// list takes a column apart; nil is anything.
func list(l line, column int, known []string, what string) ([]string, error) {
	text := l.fields[column]
	if text == anything {
		return nil, nil
	}
	codes := strings.Split(text, "|")
	for _, code := range codes {
		if !slices.Contains(known, code) {
			return nil, l.wrong("unknown %s %q", what, code)
		}
	}
	return codes, nil
}

func toSet(codes []string) set {
	s := set{any: codes == nil, of: make(map[string]bool, len(codes))}
	for _, code := range codes {
		s.of[code] = true
	}
	return s
}

func toMask(codes, names []string) mask {
	if codes == nil {
		return everything
	}
	var m mask
	for _, code := range codes {
		m |= 1 << slices.Index(names, code)
	}
	return m
}

// Grants as a row may ask for them.
const (
	needSubmit      = "submit"
	needReview      = "review"
	needPublish     = "publish"      // every value, alone or together with the organizations that approved
	needPublishPart = "publish_part" // any value: to see to a record that several publish together
	needSomeSubmit  = "some_submit"  // for some records
)

// grantAction gives the action of the grants that a row asks for, "" for an unknown need.
func grantAction(need string) identity.GrantAction {
	switch need {
	case needSubmit, needSomeSubmit:
		return identity.GrantSubmit
	case needReview:
		return identity.GrantReview
	case needPublish, needPublishPart:
		return identity.GrantPublish
	}
	return ""
}

// newModel parses the model anew: casbin keeps rules inside it.
func (p *Policies) newModel() (model.Model, error) { return model.NewModelFromString(p.model) }
