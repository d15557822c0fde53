// Package design is how the pages look and speak: tokens, components, the shell that every page has, and the assets. It has no
// server and knows no store: it is given typed values and gives bytes.
//
// A page is either a tree of components (Body is a Component, most often a Stack) or a template of the caller, who passes
// its folder to New; such a template draws components with {{show .Body.Table}} and speaks with {{say "ui.records" .N}}. Both
// ways end in Render, which writes a whole page or nothing: a template that fails never sends half a page.
//
// What every component promises: it works without JavaScript; it means nothing by colour alone; its words come from the
// catalogue in the reader's language or from the caller; it uses logical properties, so that Arabic needs no second
// style sheet; it has no inline style and no inline script, so that the strictest content security policy holds:
//
//	default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';
//	frame-ancestors 'none'; base-uri 'none'
//
// There is one set of templates per language, because the functions in it speak that language. Components are drawn by a
// function rather than by {{template}}, because html/template can only name a template it knows beforehand and a cell of a
// table may hold anything.
//
// Assets are made from assets/ by bundle (see there) and committed in dist, so that building needs only Go.
package design

//go:generate go run ./bundle
