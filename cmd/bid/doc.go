// Command bid runs and uses a Bio-Incident Database.
//
// `bid demo` starts a complete small world, `bid serve` an empty one. Every other command is a client of the JSON API:
// over the network with --server and --token; over the socket of a server that runs on the same folder; or, when none
// runs, in memory against a system it builds for itself. What a command may do is decided in the same place as ever.
package main
