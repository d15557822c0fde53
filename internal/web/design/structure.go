package design

// Structure: what holds other components together and leads through a page.

// Stack draws components one below the other.
type Stack []Component

// Template names the partial.
func (Stack) Template() string { return "stack" }

// Row draws components beside each other, as many as fit.
type Row []Component

// Template names the partial.
func (Row) Template() string { return "row" }

// Text is a line of words in the reader's language.
type Text string

// Template names the partial.
func (Text) Template() string { return "text" }

// Paragraph is running text.
type Paragraph string

// Template names the partial.
func (Paragraph) Template() string { return "paragraph" }

// Foreign is words in another language than the page's, or in one that is not known (Lang empty).
type Foreign struct {
	Lang, Words string
}

// Template names the partial.
func (Foreign) Template() string { return "foreign" }

// Section is a part of a page with a heading, to which a link can lead.
type Section struct {
	ID      string
	Title   string
	Sub     bool // below another section
	Lead    string
	Actions []Component // beside the heading
	Body    []Component
}

// Template names the partial.
func (Section) Template() string { return "section" }

// Beside is a page with a column at its side: facets, an index, what stands in the trail. On a small screen, and for whoever
// listens, Side comes first, or, where the page is about what Main shows, Later.
type Beside struct {
	Label      string // what the side is
	Side, Main []Component
	Later      bool
}

// Template names the partial.
func (Beside) Template() string { return "beside" }

// Index leads to the sections of a long page.
type Index struct {
	Label string
	Links []Link
}

// Template names the partial.
func (Index) Template() string { return "index" }

// Tabs are pages about the same thing, as links.
type Tabs struct {
	Label string
	Items []MenuItem
}

// Template names the partial.
func (Tabs) Template() string { return "tabs" }

// Disclosure is what is read only when it is wanted.
type Disclosure struct {
	Summary string
	Open    bool
	Body    []Component
}

// Template names the partial.
func (Disclosure) Template() string { return "disclosure" }

// Dialog asks before something is done. Its Opener is a link to a page that asks the same (without JavaScript); where there
// is JavaScript, the dialog opens in its place.
type Dialog struct {
	ID     string
	Opener Button // its Href is the page
	Title  string
	Form   Form
}

// Template names the partial.
func (Dialog) Template() string { return "dialog" }

// OpenerButton is the opener, told which dialog it opens.
func (d Dialog) OpenerButton() Button {
	opener := d.Opener
	opener.opens = d.ID
	return opener
}
