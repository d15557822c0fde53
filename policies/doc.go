// Package policies decides who may do what, and says why.
//
// It answers three questions and promises this of the answers:
//
//   - May this person take this action now? Rules.Decide: a role rule (policy.csv) and a covering grant and separation of
//     duties and a relation to the object, under an active organization and a token that reaches so far. All of them, or
//     the answer is no; an error is a no. No role bypasses the separation of duties.
//   - How many signatures does a change need? Rules.Quorum, from quorum.csv or the setting that replaced it. Every quorum
//     is a count of unvoided attestations over the same hashes.
//   - What may this reader see? AudienceOf: a closed list, whose zero value is the public.
//
// Rules is an immutable snapshot of one policy epoch. When a grant changes, the epoch is raised in the same transaction
// and a new snapshot replaces the old one whole; nothing in a snapshot is ever edited, and no answer is remembered, so
// a right that was taken away is gone with the next question. A snapshot knows the grants in force at the moment it was
// made; Rules.Next says when the first of them begins or ends. Grants of suspended organizations are left out by the
// one who makes the snapshot; a suspended organization's people may do only what the public may.
//
// The engine is casbin. The role rules stand in one plain enforcer per action, made once and shared by everybody; each
// organization has a small one of its own grants in force, made when first asked for. Both are parts of one model
// (model.conf): the first question ends in the second. Measured, this halves a decision against role rules and grants in
// one enforcer per organization, because most of what casbin does is to walk rows. A record never becomes a rule. The
// matcher calls functions registered here, cheap comparisons first, because rule columns are strings and casbin would
// compare them as such. Casbin alone says yes; the same rows read as Go values only say why not, and a test holds the
// two equal.
//
// A refusal is a list of codes with parameters (words are in the message catalogue under "problem." and the code). Where
// the principal may not even know of the object the decision says NotFound and gives no reason, and where an open
// version is unknown to them no reason depends on it.
package policies
