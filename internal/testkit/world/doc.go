// Package world gives a test the whole system, as a server has it, in memory: a store on either database, workflow, word
// index and follower, catalog and the handler of requests, with people who hold tokens.
//
// Clock and randomness stand still between the steps of a test. A step has a name; the clock is set and the randomness
// begins anew by that name, so that an id, a token or a salt drawn in one step does not depend on which steps were taken
// before: two systems that share a step share everything it made. That is what the leak test compares.
//
// A test may put something else in the place of a part (Parts), also of a system that is built already (Again): that is
// how tests are shown to notice. It is a package of its own because the store's tests use testkit.
package world
