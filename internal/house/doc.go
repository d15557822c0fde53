// Package house holds tests about the repository itself: which package may import which, that every operation of the
// contract has an action, every property of the schema a tier, every vocabulary its six languages. It has no code that runs.
package house
