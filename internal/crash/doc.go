// Package crash holds tests about what survives: whatever was acknowledged is there, whole, after anything that can
// happen to the server, its database or its disk.
//
// # Rounds
//
// A world is one system on one database: a real `bid serve`, and clients that write and search over HTTP with tokens.
// In a round they work until something happens to it at a random moment: the server is killed, stopped, or both; the
// database is killed, restarted, or its connections are cut; the disk is full, turns read-only, or loses power, and with
// it all that was written and not synced; the index is deleted or its bytes are changed. Then the system is brought up,
// answers that it is ready, and is checked. The next round goes on in the same world, so that what survived once has to
// survive again.
//
// Every answer is taken down by the test itself. What was acknowledged must be there, exactly as the answer said; what
// was read counts as acknowledged, too. What was not answered, or answered by a fault of the server, may be there or
// not, but not in part, and nothing is done to that record any more.
//
// # Disks
//
// Where the user may mount (root), the database lies on a small ext4 of its own, in a file. A full disk is that disk
// filled to the last block; a read-only one is what ext4 becomes after a fatal error (remounted with "abort"); power is
// lost by the ioctl with which file systems are tested (EXT4_IOC_SHUTDOWN without flushing the log): nothing that was
// not synced is there afterwards. SIGKILL alone would pass with syncing off. Where the user may not mount, these three
// are replaced by a limit of the size of files (RLIMIT_FSIZE), and the summary says so.
//
// # The checker
//
// It shares no code with what it checks: its own SQL, its own hashes, and what a client is told. The packages that write
// are not imported here; a test sees to that. It is shown to notice: a database that is well is tampered with, one thing
// at a time and by name, and each must be found.
//
// # The trace
//
// The system calls of a server and of PostgreSQL are recorded while records are written one after the other: each
// acknowledgement comes after a sync of the database's files that was begun after the request came.
//
// The package has no code that runs. CRASH_N is the number of rounds for each database, CRASH_SEED begins the randomness,
// CRASH_ONLY names the one thing that shall happen.
package crash
