// Package fault is the one kind of error that crosses package borders here.
//
// A Fault says what kind of failure it is (which decides the HTTP status and the exit code), a stable code (which
// decides the words, from the message catalogue), parameters for those words, and, for bad input, every place that is
// wrong. A cause may be wrapped for the log; it never reaches a reader. An error that is not a Fault is Internal: its
// text is withheld from readers. The two layers follow Boulder's errors and probs packages.
package fault
