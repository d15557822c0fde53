package exchange

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

//go:embed profiles/*.json
var profileFiles embed.FS //nolint:gochecknoglobals // embedded files can only be a package variable

// Profile turns the rows of one kind of file into bodies. It is safe for concurrent use, and the same row gives the
// same result.
type Profile interface {
	// Name is what people call it on the command line.
	Name() string
	// Columns are those that it reads; a file must have them all.
	Columns() []string
	// Unread are columns that it knows and does not need.
	Unread() []string
	// Texts names the columns of a file of texts: the key, the text, and the column of a row that holds the key. All
	// are "" when rows are not joined with texts.
	Texts() (key, text, by string)
	// RowID gives the id of a row in its source, "" when the row has none.
	RowID(row Row) string
	// Map gives what a row means.
	Map(row Row, texts Texts) Mapped
}

// Mapped is what a row means: a body with the codes of what a person must look at, or the reason why it has none.
type Mapped struct {
	Body    incident.Body
	Flags   []string
	Refusal *workflow.Refusal
}

// Reasons for which a row is refused here. Others are those of incident.ParseQuantity ("quantity.…") and, for a body
// that the schema does not admit, of the schema ("schema.…").
const (
	reasonWidth   = "import.wrong_width"
	reasonNoRowID = "import.row_id_missing"
	reasonTwice   = "import.duplicate_row"
	reasonDate    = "import.date_unreadable"
	reasonArea    = "import.area_unknown"
	reasonYesNo   = "import.not_yes_or_no"
	reasonNoValue = "import.value_missing"
)

// Flags: what was seen in a row that a person must look at by itself.
const (
	FlagDateDropped = "import.date_dropped"  // a date that contradicts the report was not taken over
	FlagUncoded     = "import.agent_uncoded" // neither agent nor disease is in the vocabularies
	FlagLinkDropped = "import.link_dropped"  // the link is not an address
)

// Find gives a profile by its name; NotFound import.profile_unknown names those there are.
func Find(sch *schema.Schema, name string) (Profile, error) {
	var names []string
	for _, make := range profiles() {
		p, err := make(sch)
		if err != nil {
			return nil, err
		}
		if p.Name() == name {
			return p, nil
		}
		names = append(names, p.Name())
	}
	return nil, fault.New(fault.Invalid, "import.profile_unknown", "profile", name, "known", names)
}

// Profiles lists the names of all profiles.
func Profiles(sch *schema.Schema) ([]string, error) {
	var names []string
	for _, make := range profiles() {
		p, err := make(sch)
		if err != nil {
			return nil, err
		}
		names = append(names, p.Name())
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names, nil
}

func profiles() []func(*schema.Schema) (Profile, error) {
	return []func(*schema.Schema) (Profile, error){newDonEvents}
}

// readProfile reads the data of a profile. Unknown names in it are an error: a misspelt rule would do nothing.
func readProfile(name string, into any) error {
	data, err := profileFiles.ReadFile("profiles/" + name + ".json")
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
