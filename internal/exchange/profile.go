package exchange

import (
	"bytes"
	"embed"
	"encoding/json"
	"slices"
	"strings"

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
	// DateColumns are the columns of days, with the order in which their parts usually stand: ymd, dmy or mdy.
	DateColumns() map[string]string
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
	FlagDateDropped  = "import.date_dropped"  // a date that contradicts the report was not taken over
	FlagUncoded      = "import.agent_uncoded" // neither agent nor disease is in the vocabularies
	FlagLinkDropped  = "import.link_dropped"  // the link is not an address
	FlagCountDropped = "import.count_dropped" // a number could not be read, and stays words
	FlagAreaGuessed  = "import.area_guessed"  // the name is close to that of an area, or contradicts itself
	FlagAreaUncoded  = "import.area_uncoded"  // the place is no area of the vocabulary, and stays words
	FlagPointOutside = "import.point_outside" // the point lies outside of its area, and was not taken over
	FlagDoubtful     = "import.doubtful"      // the row contradicts itself, or its codes say more than its words
)

// makers gives the profiles that are more than data. All others are made by the engine.
func makers() map[string]func(*schema.Schema, Options) (Profile, error) {
	return map[string]func(*schema.Schema, Options) (Profile, error){donEventsName: newDonEvents}
}

// Find gives a profile by its name, for files that are read by the options. Faults: Invalid import.profile_unknown names
// those there are; import.encoding_unknown, import.dates_unknown; import.set_unknown names what the profile admits;
// import.set_value.
func Find(sch *schema.Schema, name string, o Options) (Profile, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	names := Profiles()
	if !slices.Contains(names, name) {
		return nil, fault.New(fault.Invalid, "import.profile_unknown", "profile", name, "known", names)
	}
	if make, ok := makers()[name]; ok {
		return make(sch, o)
	}
	return newEngine(sch, name, o)
}

// Profiles lists the names of all profiles.
func Profiles() []string {
	entries, _ := profileFiles.ReadDir("profiles") // an embedded folder is there
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".json"))
	}
	slices.Sort(names)
	return names
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
