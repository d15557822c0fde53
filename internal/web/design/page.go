package design

import (
	"html/template"
	"net/url"
	"strings"
)

// Page is everything a page shows, its body and the shell around it.
type Page struct {
	Lang        string // one of incident.Languages
	Title       string
	Description string // for search engines and previews; may be empty
	Theme       string // "light" or "dark"; empty: as the device is set
	Path        string // path and query of this page: for the language links, sign-in and what comes back to it
	Query       string // what stands in the search box
	Who         *Who   // nil: a visitor
	Menu        []MenuItem
	Crumbs      []Link
	Notices     []Notice // above everything else of the page
	Demo        bool     // every page of a demonstration says so
	Public      bool     // a search engine may keep it
	Body        any
}

// Who is the person signed in, and for whom they act.
type Who struct {
	Name          string
	Organization  string   // the acting organization; empty: none
	Organizations []Option // those they may act for; a change is posted to PathActing
	Links         []Link   // account pages
	Waiting       int      // what waits for them
}

// MenuItem is an entry of the main menu. Nobody is given an entry they cannot use.
type MenuItem struct {
	Link
	Current bool
	Count   int64 // what waits there; 0 shows nothing
}

// The addresses to which the shell posts or leads.
const (
	PathHome        = "/"
	PathSearch      = "/search"      // GET, q
	PathSignIn      = "/sign-in"     // GET, next
	PathSignOut     = "/sign-out"    // POST
	PathActing      = "/acting"      // POST, organization, next
	PathPreferences = "/preferences" // POST, theme (light, dark or empty), next
)

// shell is the dot of the outermost template.
type shell struct {
	Page
	Main template.HTML
}

// In gives the address of this page in another language.
func (p Page) In(lang string) string {
	where, err := url.ParseRequestURI(p.Path)
	if err != nil || !strings.HasPrefix(p.Path, "/") || strings.HasPrefix(p.Path, "//") {
		where = &url.URL{Path: PathHome}
	}
	query := where.Query()
	query.Set("lang", lang)
	where.RawQuery = query.Encode()
	return where.RequestURI()
}

// SignIn gives the address of the sign-in page that leads back here.
func (p Page) SignIn() string {
	return PathSignIn + "?" + url.Values{"next": {p.Path}}.Encode()
}

// Alarm is what the footer of every page shows.
func (shell) Alarm() AlarmChannels { return AlarmChannels{} }

// HtmxConfig forbids what the content security policy forbids, and keeps no page in the browser's storage.
func (shell) HtmxConfig() string {
	return `{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0}`
}

// Themes lists the choices of colours.
func (p Page) Themes() []Option {
	return []Option{
		{Value: "", Label: "ui.theme.device", Chosen: p.Theme == ""},
		{Value: "light", Label: "ui.theme.light", Chosen: p.Theme == "light"},
		{Value: "dark", Label: "ui.theme.dark", Chosen: p.Theme == "dark"},
	}
}

// AlarmChannels are where an event is reported that needs an answer now. The database is none of them, and says so with
// these links on every page and before every submission.
type AlarmChannels struct{}

// Template names the partial.
func (AlarmChannels) Template() string { return "alarm-channels" }

// Links gives the channels, each under the short name by which its users know it in every language.
func (AlarmChannels) Links() []Link {
	return []Link{
		{Label: "IHR", Href: "https://www.who.int/teams/ihr/national-focal-points", Title: "ui.alarm.ihr"},
		{Label: "WOAH", Href: "https://wahis.woah.org/", Title: "ui.alarm.woah"},
		{Label: "IPPC", Href: "https://www.ippc.int/en/countries/all/contactpoints/", Title: "ui.alarm.ippc"},
		{Label: "BWC", Href: "https://disarmament.unoda.org/biological-weapons/", Title: "ui.alarm.bwc"},
	}
}

// idOf makes an element's id from a field's name or pointer.
func idOf(name string) string {
	return "f" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, "-"+strings.TrimPrefix(name, "/"))
}
