// Package httpd is HTTP: the gin engine, what happens to every request before and after its handler, and the one place in
// which an error becomes an answer.
//
// A request passes, in this order: an id and its one log event; recovery; headers that every answer has; a limit per
// address; the contract (is there such a route and method, does it give what is accepted, does it take what is sent,
// and how much); who asks; a limit per token; the form of the request as the contract describes it. Then the handler, which
// returns an error or an answer. The order in which a request is refused is therefore fixed: what its sender can see
// wrong in it without an account first, then 401, and from the handler 404, 403, 428, 412, 422.
//
// Routes are registered by the code generated from the contract and compared with it when the server is made: a route
// without an action, or an action that policies does not know, is an error at start and never an open door.
//
// Who asks is told by a token. Only a connection that is trusted for what it is (Trusted: the socket of the server, or a
// command that opened the database itself) may name a person in the header Bid-As; without it such a caller is the
// operator. On any other connection the header is refused.
//
// Pages are the second surface (internal/web): they pass the same request id, log event, recovery and limit per address, and
// then what their own table says. A refusal of theirs is a page, drawn from the same fault.
//
// Nothing that is not public may be kept by a cache, and nothing of a request but its route, its outcome, its time and who
// asked is logged.
package httpd
