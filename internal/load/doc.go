// Package load measures how a system answers when many ask at once: it keeps so many requests under way for a while and
// gives, for each kind of request, how many there were, how many failed, and how long they took.
//
// It knows nothing of HTTP and reads no clock: who calls it gives both. A request that the end of the measurement cuts
// off is not counted.
package load
