// Package testkit gives tests what they need and production code never has: a database of each dialect per test, a
// clock and randomness that repeat themselves. Production code never imports it; a test of house sees to that.
//
// Every store test runs on both databases. SQLite is a file in the test's folder. PostgreSQL is TEST_POSTGRES_URL or
// one server that the first test starts, as an ordinary user, from the binaries that are installed; all packages of a
// run share it, each test has a database of its own, copied from a migrated template. It keeps fsync on, as a real one
// does, and it stops by itself two minutes after the last test process has ended. Nothing is skipped: where the
// binaries are missing they are installed when that is possible, else the test fails with the command that helps.
package testkit
