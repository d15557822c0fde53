// Package gen is generated from ../openapi.yaml: the structs of the contract, the gin server whose handlers return errors,
// and the client that the command line uses. Nothing in it is written by hand but this file, generate.go and the
// configurations. Problems are left out of it (overlay.yaml): the server says them in one place, internal/httpd, and a
// client reads them as one struct, Problem, whatever the operation.
package gen
