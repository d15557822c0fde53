// Package web is the pages: HTML that a person reads and answers, made on the server, whole without JavaScript.
//
// It is the second surface over the same workflow and catalog as the JSON API, and knows no rule of its own: what somebody may
// do is asked of them, and a page shows a button exactly where the method behind it would be allowed. Every page and form
// stands in one table (Site.routes) with the action that it takes, as every operation of the API does in its contract; a
// page with an action that policies does not know is an error at start.
//
// Who asks is told by a session, never by a token: a token in a request for a page is not looked at. A session is read anew
// with person, organization and roles on every request, so that whoever is suspended while a page is open is signed out by
// their next click. What is sent by a form must come from a page of this host (http.CrossOriginProtection, which reads
// Sec-Fetch-Site and Origin), and the cookie is not sent from elsewhere anyhow.
//
// The language of a page is that of ?lang=, else the one last chosen in this browser, else of Accept-Language; the first is
// remembered. So every page is an address that can be shared with its language, and links inside need not carry it.
//
// Handlers return an answer or an error. An error becomes a page in one place (Site.Refuse), in the words that the API uses
// for the same code; what is hidden and what never was are the same page. Where a form is wrong, the form comes back with
// what was typed, a summary that leads to the fields, and status 422.
package web
