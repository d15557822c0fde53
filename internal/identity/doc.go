// Package identity holds organizations, people, memberships, grants and the Principal: who asks. It is pure.
//
// A person acts as one organization at a time. What a role may do is in policies; what an organization may do is in its
// grants, which are data. Suspension is a status read on every request, never a session that lingers.
package identity
