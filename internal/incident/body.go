package incident

// Body is the content of a record: what happened. It is the typed reading of the JSON document that
// schema/incident.schema.json admits; the document's canonical bytes, not this struct, are what is hashed and kept.
// Items have opaque ids (unique in the document), never positions, so that a reference to a dropped item can be dropped.
type Body struct {
	Identity       Identity       `json:"identity,omitzero"`
	Narrative      Narrative      `json:"narrative,omitzero"`
	Classification Classification `json:"classification,omitzero"`
	Cause          Cause          `json:"cause,omitzero"`
	Time           Time           `json:"time,omitzero"`
	Place          Place          `json:"place,omitzero"`
	Agents         []Agent        `json:"agents,omitempty"`
	Exposure       Exposure       `json:"exposure,omitzero"`
	Actor          Actor          `json:"actor,omitzero"`
	Impact         Impact         `json:"impact,omitzero"`
	Response       Response       `json:"response,omitzero"`
	Lessons        []Lesson       `json:"lessons,omitempty"`
	Sources        []Source       `json:"sources,omitempty"`
	Annex          []Annex        `json:"annex,omitempty"`
}

// Identity says what kind of unit this is, from which collection, and by which other ids it is known.
type Identity struct {
	Unit         string       `json:"unit,omitempty"` // vocabulary unit
	Collection   *Collection  `json:"collection,omitempty"`
	ExternalIDs  []ExternalID `json:"external_ids,omitempty"`
	Completeness string       `json:"completeness,omitempty"` // vocabulary completeness
}

// Collection is the data set a record was taken from, with its licence.
type Collection struct {
	Name        string `json:"name"`
	Source      string `json:"source,omitempty"`
	Unit        string `json:"unit,omitempty"`
	Coverage    string `json:"coverage,omitempty"`
	Criteria    string `json:"criteria,omitempty"`
	Licence     string `json:"licence"` // vocabulary licence
	Attribution string `json:"attribution,omitempty"`
}

// ExternalID is an id of the record in another system. A national_ref is members'.
type ExternalID struct {
	ID     string `json:"id"`
	Scheme string `json:"scheme"` // vocabulary external_id_scheme
	Value  string `json:"value"`
}

// Narrative tells the case in words. The title is not here: it is composed from the codes.
type Narrative struct {
	Subtitle Text            `json:"subtitle,omitzero"`
	Summary  Text            `json:"summary,omitzero"`           // public, at most 4,000 characters a language
	Members  Text            `json:"members_narrative,omitzero"` // members
	Timeline []TimelineEntry `json:"timeline,omitempty"`
}

// TimelineEntry is one dated event of the case.
type TimelineEntry struct {
	ID      string   `json:"id"`
	Date    Date     `json:"date,omitzero"`
	Text    Text     `json:"text,omitzero"`
	Sources []string `json:"sources,omitempty"`
}

// Classification says what kind of incident it is and what it came to.
type Classification struct {
	IncidentType   string   `json:"incident_type,omitempty"` // vocabulary incident_type
	Occurrence     string   `json:"occurrence,omitempty"`    // vocabulary occurrence
	Verification   string   `json:"verification,omitempty"`  // vocabulary verification
	Domains        []string `json:"domains,omitempty"`       // vocabulary domain
	Hazards        []string `json:"hazards,omitempty"`       // vocabulary hazard
	InclusionDoubt Text     `json:"inclusion_doubt,omitzero"`
}

// Cause holds what several bodies said of how it began. NotAssessed is the author's statement that nobody did.
type Cause struct {
	NotAssessed bool         `json:"not_assessed,omitempty"`
	Assessments []Assessment `json:"assessments,omitempty"`
}

// Assessment is one dated, attributed statement of the cause.
type Assessment struct {
	ID         string   `json:"id"`
	Body       string   `json:"body"`                 // the body that says so
	Quoted     bool     `json:"quoted,omitempty"`     // quoted from a source, not made by the body itself
	Date       Date     `json:"date,omitzero"`        // of the statement
	Value      string   `json:"value"`                // natural, accidental, deliberate, undetermined
	Mechanism  string   `json:"mechanism,omitempty"`  // vocabulary cause, "value.mechanism"
	Likelihood string   `json:"likelihood,omitempty"` // vocabulary likelihood
	Confidence string   `json:"confidence,omitempty"` // vocabulary confidence
	Basis      Text     `json:"basis,omitzero"`
	Dissent    Text     `json:"dissent,omitzero"`
	Sources    []string `json:"sources,omitempty"`
}

// Time holds the milestones. Exposure is public to the month only, unless a public source states the day.
type Time struct {
	Onset                     Known[Date]  `json:"onset,omitzero"`
	Exposure                  Stated[Date] `json:"exposure,omitzero"`
	Detection                 Known[Date]  `json:"detection,omitzero"`
	LaboratoryConfirmation    Known[Date]  `json:"laboratory_confirmation,omitzero"`
	NationalNotification      Known[Date]  `json:"national_notification,omitzero"`
	InternationalNotification Known[Date]  `json:"international_notification,omitzero"`
	PublicCommunication       Known[Date]  `json:"public_communication,omitzero"`
	FirstIntervention         Known[Date]  `json:"first_intervention,omitzero"`
	End                       Known[Date]  `json:"end,omitzero"`
}

// Place says where, to the precision that is known and may be said.
type Place struct {
	Areas        Known[[]Area]  `json:"areas,omitzero"`
	Admin1       Stated[string] `json:"admin1,omitzero"`
	Admin2       Stated[string] `json:"admin2,omitzero"`
	Locality     Stated[string] `json:"locality,omitzero"`
	Settings     []string       `json:"settings,omitempty"`     // vocabulary setting
	FacilityType Stated[string] `json:"facility_type,omitzero"` // vocabulary facility_type
	Containment  Stated[string] `json:"containment,omitzero"`   // vocabulary containment
	FacilityName Stated[string] `json:"facility_name,omitzero"` // named, see public_by
	Point        *Point         `json:"point,omitempty"`        // members
}

// Area is a country, area, region or former State as at the event, and its part in it.
type Area struct {
	ID   string `json:"id"`
	Area string `json:"area"` // vocabulary areas: ISO 3166-1 alpha-3, M49, ISO 3166-3
	Role string `json:"role"` // vocabulary area_role
}

// Point is a position in degrees WGS 84 with a stated precision.
type Point struct {
	Lat       float64 `json:"lat"`
	Lon       float64 `json:"lon"`
	Precision string  `json:"precision"` // vocabulary precision
}

// Agent is one agent or toxin involved, as a code, as reported, or both.
type Agent struct {
	ID             string         `json:"id"`
	Agent          string         `json:"agent,omitempty"` // vocabulary agents
	Class          string         `json:"class,omitempty"` // vocabulary agent_class
	Name           string         `json:"name,omitempty"`  // as reported
	Taxon          int64          `json:"taxon,omitempty"` // NCBI Taxonomy
	Producer       string         `json:"producer,omitempty"`
	Subtype        string         `json:"subtype,omitempty"`
	Strain         Stated[string] `json:"strain,omitzero"`          // members, see public_by
	Identification string         `json:"identification,omitempty"` // vocabulary identification
	Methods        []string       `json:"methods,omitempty"`        // vocabulary identification_method; members
	Diseases       []string       `json:"diseases,omitempty"`       // vocabulary diseases
	ControlLists   []string       `json:"control_lists,omitempty"`  // vocabulary control_list
	Unusual        []string       `json:"unusual,omitempty"`        // vocabulary unusual_feature; members
}

// Exposure says by which categories of ways people, animals or plants were exposed. Categories only.
type Exposure struct {
	Routes                []string `json:"routes,omitempty"`
	Vehicles              []string `json:"vehicles,omitempty"`
	ContributingFactors   []string `json:"contributing_factors,omitempty"`
	Barriers              []string `json:"barriers,omitempty"`
	WorkActivity          string   `json:"work_activity,omitempty"` // members
	Purpose               string   `json:"purpose,omitempty"`
	AffectedRoles         []string `json:"affected_roles,omitempty"`
	SecondaryTransmission string   `json:"secondary_transmission,omitempty"`
}

// Actor describes, for deliberate or alleged events only, a kind of actor; never a person.
type Actor struct {
	Type              string `json:"type,omitempty"`
	Motivation        string `json:"motivation,omitempty"`
	Stage             string `json:"stage,omitempty"`
	Interdiction      string `json:"interdiction,omitempty"`
	AttributionStatus string `json:"attribution_status,omitempty"` // public
	Claim             string `json:"claim,omitempty"`              // none, claimed, disputed, unknown; public
	LegalOutcome      string `json:"legal_outcome,omitempty"`      // public
}

// Impact holds what it did, in counts and bands.
type Impact struct {
	Counts       []Count `json:"counts,omitempty"`
	Severity     string  `json:"severity,omitempty"`
	EconomicLoss *Amount `json:"economic_loss,omitempty"`
	TradeTravel  string  `json:"trade_travel,omitempty"` // vocabulary trade_travel_measure
	Recovered    string  `json:"recovered,omitempty"`    // theft or loss
}

// Amount is a sum of money, in whole units of the currency (ISO 4217).
type Amount struct {
	Currency  string `json:"currency"`
	Low       *int64 `json:"low,omitempty"`
	High      *int64 `json:"high,omitempty"`
	Qualifier string `json:"qualifier,omitempty"`
}

// Response holds what was done about it.
type Response struct {
	Actions                 []ResponseAction `json:"actions,omitempty"`
	DiscoveryMethod         string           `json:"discovery_method,omitempty"`
	CorrectiveActions       []Corrective     `json:"corrective_actions,omitempty"`
	InternationalMechanisms []string         `json:"international_mechanisms,omitempty"`
	MassGathering           string           `json:"mass_gathering,omitempty"` // yes, no, unknown
	CommunityAcceptance     string           `json:"community_acceptance,omitempty"`
}

// ResponseAction is one action taken.
type ResponseAction struct {
	ID            string   `json:"id"`
	Action        string   `json:"action"`
	Date          Date     `json:"date,omitzero"`
	Description   Text     `json:"description,omitzero"`
	Effectiveness string   `json:"effectiveness,omitempty"`
	Sources       []string `json:"sources,omitempty"`
}

// Corrective is a corrective action and its state. Security is true when it answers a security factor.
type Corrective struct {
	ID          string `json:"id"`
	Description Text   `json:"description,omitzero"`
	State       string `json:"state"` // vocabulary corrective_state
	Security    bool   `json:"security,omitempty"`
}

// Lesson is what was learned, by phase.
type Lesson struct {
	ID             string `json:"id"`
	Phase          string `json:"phase"`
	Happened       Text   `json:"happened,omitzero"`
	Lesson         Text   `json:"lesson,omitzero"`
	Recommendation Text   `json:"recommendation,omitzero"`
	Implemented    string `json:"implemented,omitempty"`
}

// Source is what a statement rests on. A source that is not public is members'.
type Source struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`               // vocabulary source_type
	Citation     map[string]any `json:"citation,omitempty"` // CSL-JSON item
	URL          string         `json:"url,omitempty"`
	LinkWithheld bool           `json:"link_withheld,omitempty"`
	NonPublic    bool           `json:"non_public,omitempty"`
	Language     string         `json:"language,omitempty"` // BCP 47
	Published    Date           `json:"published,omitzero"`
	Accessed     Date           `json:"accessed,omitzero"`
	Reliability  string         `json:"reliability,omitempty"` // members
	Credibility  string         `json:"credibility,omitempty"` // members
	Grader       string         `json:"grader,omitempty"`      // members
	Default      bool           `json:"default,omitempty"`     // supports whatever names no source
	Supports     []string       `json:"supports,omitempty"`    // sections or item ids
}

// Annex says that more exists and who holds it; never what.
type Annex struct {
	ID      string `json:"id"`
	What    Text   `json:"what,omitzero"`
	Holder  string `json:"holder"`
	Mailbox string `json:"mailbox,omitempty"` // a functional mailbox
}
