// Package api is the JSON surface: the contract, and the handlers that keep it.
//
// openapi.yaml is written first and by hand. gen is made from it: structs, a gin server whose handlers return errors, and
// the client of the command line. Contract reads it once more at start, so that routes, media types, parameters and the
// action of every operation are compared with what is served; an operation without x-action stops the server from
// starting.
//
// There is one file per resource. A handler takes the request apart, calls one method of workflow or catalog, and maps
// what it gives into the contract's structs: the three families of types (domain, rows, contract) never stand for each
// other. Handlers decide nothing; they return faults, which become problems in one place (Problem, said by httpd).
//
// What the packages below say by internal ids is said here by slug and PERSON@ORG.
package api
