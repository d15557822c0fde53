// Package schema says, as data, what a stored record looks like: the JSON Schema of the content, the vocabularies in six
// languages, the examples, the migrations. Everything is embedded; Load reads and checks it once, and what it gives never
// changes, so that it may be shared by all goroutines.
//
// It promises that a document which Validate admits can be stored, hashed and shown by every other part: it is UTF-8 in
// NFC without NUL, has no key twice, numbers that survive canonicalisation, only properties that the schema names, only
// codes that the vocabularies hold, item ids that are unique and references that lead somewhere. It promises, too, that
// every property has a floor, the widest tier at which it may be seen: a schema with a property that has none is refused.
//
// The tree of Nodes is the schema as the code that makes views needs it. The conditions it names are judged in
// internal/incident, which may import this package and is never imported by it.
package schema
