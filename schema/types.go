package schema

// Node is one property (or the items of an array) of the content schema: who may see it, and what its strings mean.
type Node struct {
	Tier     Tier              // the floor
	When     []When            // conditions that raise the floor
	Coarsen  string            // "month": to what a date is coarsened below members, unless a public source states it
	PublicBy bool              // {value, public_by}: public when a public source of the record states the value
	IDs      bool              // an array of items that have ids
	Refs     string            // strings are ids: "sources" of sources, "any" of any item or section
	ShowAs   map[string]string // codes that only the owner sees as they are: whistle_blower → other
	Vocab    string            // strings are codes of this vocabulary
	Props    map[string]*Node
	Items    *Node

	toItems []string // the properties below which there are items with ids, sorted
}

// When is a condition and the tier to which it raises a floor. Conditions: the constants below.
type When struct {
	Condition string
	Tier      Tier
}

// The conditions of x-tier-when.
const (
	Deliberate           = "deliberate"             // deliberate, attempted or threatened
	LaboratoryUnstated   = "laboratory_unstated"    // laboratory event and no public source states the value
	NotRecovered         = "not_recovered"          // theft or loss, not recovered
	OpenSecurity         = "open_security"          // a security factor whose corrective action is open
	SourceNonPublic      = "source_non_public"      // of a source
	NationalRef          = "national_ref"           // of an external id
	NationalityOfExposed = "nationality_of_exposed" // of an area
)

// Term is one term of a vocabulary. Which of the optional fields are used depends on the list.
type Term struct {
	Code           string              `json:"code"`
	Parent         string              `json:"parent,omitempty"`  // in a tree
	Parents        []string            `json:"parents,omitempty"` // areas have several; the first is Parent
	Labels         map[string]string   `json:"labels"`            // by language: ar zh en fr ru es
	Definition     map[string]string   `json:"definition,omitempty"`
	UseWhen        map[string]string   `json:"use_when,omitempty"`
	DoNotUseWhen   map[string]string   `json:"do_not_use_when,omitempty"`
	Example        map[string]string   `json:"example,omitempty"`
	Synonyms       map[string][]string `json:"synonyms,omitempty"` // by language
	Abbreviations  []string            `json:"abbreviations,omitempty"`
	Misspellings   []string            `json:"misspellings,omitempty"` // as found in data sets; for importers, never shown
	Kind           string              `json:"kind,omitempty"`         // areas: region, area, former
	Class          string              `json:"class,omitempty"`        // agents: agent_class
	ScientificName string              `json:"scientific_name,omitempty"`
	Taxon          int64               `json:"ncbi_taxon,omitempty"`
	Producer       string              `json:"producer,omitempty"` // toxins: the source organism
	Agents         []string            `json:"agents,omitempty"`   // diseases: what causes them
	Domains        []string            `json:"domains,omitempty"`
	Hazards        []string            `json:"hazards,omitempty"`
	Members        []string            `json:"members,omitempty"`    // regions that are a list of areas
	Successors     []string            `json:"successors,omitempty"` // former States
	Renamed        bool                `json:"renamed,omitempty"`    // a former State that lives on under another name
	From           string              `json:"from,omitempty"`       // former States: years
	Until          string              `json:"until,omitempty"`
	M49            string              `json:"m49,omitempty"`
	ISO2           string              `json:"iso2,omitempty"`
	ICD10          string              `json:"icd10,omitempty"`
	ICD11          string              `json:"icd11,omitempty"`
	EPPO           string              `json:"eppo,omitempty"`
	WOAH           bool                `json:"woah,omitempty"` // on the list of the World Organisation for Animal Health
	Controlled     bool                `json:"controlled,omitempty"`
	Neutral        bool                `json:"neutral,omitempty"`  // an area with differing positions: never coloured
	Headline       bool                `json:"headline,omitempty"` // computed only, never entered
	Range          []int               `json:"range,omitempty"`    // likelihood: per cent, low and high
	Deprecated     bool                `json:"deprecated,omitempty"`
	ReplacedBy     string              `json:"replaced_by,omitempty"`
}
