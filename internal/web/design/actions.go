package design

// Actions: what a person may do next. A page has one Primary button.

// Link leads to another page.
type Link struct {
	Href, Label string
	Lang        string // where the label is in another language than the page
	Title       string // catalogue id of what a short name means; may be empty
	Download    bool
}

// Template names the partial.
func (Link) Template() string { return "link" }

// Kind is the weight of a button.
type Kind string

// The kinds of buttons.
const (
	Secondary Kind = ""
	Primary   Kind = "primary"
	Quiet     Kind = "quiet"
	Danger    Kind = "danger"
)

// Button does something. With Href it is a link that looks like one; with Post it is a form of its own that posts there;
// otherwise it submits the form it stands in.
type Button struct {
	Label       string
	Kind        Kind
	Href, Post  string
	Name, Value string // what the form carries
	Why         string // why it cannot be used now: then it cannot, and says so
	Small       bool

	opens string // the dialog that stands for Href where there is JavaScript
}

// Template names the partial.
func (Button) Template() string { return "button" }

// Opens is the id of the dialog that the button opens, or "".
func (b Button) Opens() string { return b.opens }

// Actions is a row of buttons and links.
type Actions []Component

// Template names the partial.
func (Actions) Template() string { return "actions" }
