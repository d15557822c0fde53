// Package cases is one small world with organizations, people, grants and records in every state, and what named people
// may do and see in it. It is data (cases.yaml), written from the design and read by every path there is: the decision,
// the SQL list, search, the status of the interface, an export. When two paths answer differently, one of them is wrong,
// and the world says which.
//
// It is imported by tests and test helpers only. Ids of organizations are their slugs, ids of people their handles,
// record ids are made by whoever builds the world; a record is called by its name, which is also a word of its summary.
package cases
