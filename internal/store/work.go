package store

import (
	"strings"

	"bioincident/internal/incident"
)

// ScopeSQL is a condition over the tables versions and terms(version, kind, code), with ? for its arguments, as
// policies.ScopeSQL makes it. versions.marking is 0, 1 or 2 (schema.Tier).
type ScopeSQL struct {
	SQL  string
	Args []any
}

// WorkKey is the place in a work list after which a page goes on.
type WorkKey struct {
	Updated incident.Micros
	Version string
}

// WorkFilter limits a work list; an empty field does not limit.
type WorkFilter struct {
	Owner       string
	NotOwner    string
	States      []incident.VersionState // nil is every open state
	Assignee    string                  // person who has it in hand
	AssignedOrg string                  // organization that has it in hand
	Unassigned  bool                    // nobody has it in hand for review
	NotExcluded string                  // organization that the submitted handling does not exclude
	NotAuthor   string                  // person who is not among the authors of what was submitted
	Batch       string                  // import
	Scopes      []ScopeSQL              // any of these; nil does not limit
	After       *WorkKey
	Limit       int
}

// WorkRow is one line of a work list. The version's body is not loaded.
type WorkRow struct {
	Record  incident.Record
	Version incident.Version
}

// Work lists versions, longest untouched first, a page at a time.
func (tx *Tx) Work(f WorkFilter) ([]WorkRow, error) {
	where := f.conditions()
	sql := "SELECT " + tx.workColumns() + " FROM versions JOIN records ON records.id = versions.record " + where.sql() +
		" ORDER BY versions.updated, versions.id LIMIT ?"
	rows, err := tx.db.Raw(sql, append(where.args, limited(f.Limit))...).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []WorkRow
	for rows.Next() {
		var v versionRow
		var r recordRow
		err := rows.Scan(&v.ID, &v.Record, &v.N, &v.Class, &v.State, &v.Base, &v.Edition, &v.Handling, &v.Marking,
			&v.ContentHash, &v.Author, &v.Authors, &v.Round, &v.Revision, &v.Submitted, &v.Updated, &v.Reason, &v.Flags,
			&v.Depth, &v.PublishAt, &r.ID, &r.No, &r.Owner, &r.Originator, &r.State, &r.Handling, &r.Marking, &r.Edition, &r.Revision,
			&r.Created, &r.Reason, &r.MergedInto, &r.Batch, &r.ReviewDepth, &r.LastSeq,
			&r.Quarantined, &r.Purged)
		if err != nil {
			return nil, err
		}
		var row WorkRow
		if row.Version, err = v.version(); err != nil {
			return nil, err
		}
		if row.Record, err = r.record(); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func (tx *Tx) workColumns() string {
	version := strings.Replace(tx.store.columnsOf(versionRow{}, "versions."), "versions.body, ", "", 1)
	return version + ", " + tx.store.columnsOf(recordRow{}, "records.")
}

func (f WorkFilter) conditions() conditions {
	var where conditions
	if f.States == nil {
		where.and("versions.state IN " + openStates)
	} else {
		states := make([]string, len(f.States))
		for i, state := range f.States {
			states[i] = string(state)
		}
		where.and("versions.state IN ?", orNone(states))
	}
	if f.Owner != "" {
		where.and("records.owner = ?", f.Owner)
	}
	if f.NotOwner != "" {
		where.and("records.owner <> ?", f.NotOwner)
	}
	if f.Batch != "" {
		where.and("records.batch = ? AND records.batch <> ''", f.Batch)
	}
	f.hands(&where)
	if len(f.Scopes) > 0 {
		parts := make([]string, len(f.Scopes))
		var args []any
		for i, scope := range f.Scopes {
			parts[i] = "(" + scope.SQL + ")"
			args = append(args, scope.Args...)
		}
		where.and("("+strings.Join(parts, " OR ")+")", args...)
	}
	if f.After != nil {
		where.and("(versions.updated, versions.id) > (?, ?)", int64(f.After.Updated), f.After.Version)
	}
	return where
}

// hands limits by who has the version in hand and who may not.
func (f WorkFilter) hands(where *conditions) {
	const inHand = "(SELECT version FROM assignments WHERE released = 0 AND "
	if f.Assignee != "" {
		where.and("versions.id IN "+inHand+"person = ?)", f.Assignee)
	}
	if f.AssignedOrg != "" {
		where.and("versions.id IN "+inHand+"org = ?)", f.AssignedOrg)
	}
	if f.Unassigned {
		where.and("versions.id NOT IN " + inHand + "duty = 'review')")
	}
	if f.NotExcluded != "" {
		where.and("versions.id NOT IN (SELECT version FROM terms WHERE kind = ? AND code = ?)", excludedTerm, f.NotExcluded)
	}
	if f.NotAuthor != "" {
		where.and("versions.id NOT IN (SELECT version FROM terms WHERE kind = ? AND code = ?)", authorTerm, f.NotAuthor)
	}
}
