// Package app builds the system once, from its settings, and runs it: the database, the word index, the follower, the
// commands, the answers and their two listeners. It is the only place, beside the command, that reads the clock and
// draws randomness; everything else is given them.
//
// One process holds DIR/lock. It listens on an address and on DIR/bid.sock, which only the user of the machine may
// open. A command that finds the lock free builds the same system and speaks to it in memory, through the same
// handler; one that finds it taken speaks over the socket. So there is one path to every change, whoever makes it.
package app
