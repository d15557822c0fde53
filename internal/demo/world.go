package demo

import (
	"bioincident/internal/identity"
	"bioincident/internal/workflow"
)

// Person is somebody of the demonstration: PERSON@ORG, a name, and the roles.
type Person struct {
	Name  string // ana@north-health
	Words string
	Roles []identity.Role
	Can   string // what to try, in one line
}

// organizations of the demonstration. They are invented, and their names say so.
func organizations() []workflow.OrgIn {
	return []workflow.OrgIn{
		{Slug: "north-health", Name: "Northern Health Organization (demo)", Kind: "regional_organization"},
		{Slug: "animal-south", Name: "Southern Animal Health Organization (demo)", Kind: "igo"},
		{Slug: "plant-east", Name: "Eastern Plant Protection Organization (demo)", Kind: "regional_organization"},
		{Slug: "review-board", Name: "Board of Reviewers (demo)", Kind: "research_partner"},
		{Slug: "review-college", Name: "College of Reviewers (demo)", Kind: "research_partner"},
		{Slug: "secretariat", Name: "Secretariat (demo)", Kind: "secretariat"},
		{Slug: "university", Name: "University of Examples (demo)", Kind: "research_partner"},
	}
}

// rights of the organizations, by their slugs.
func rights() map[string][]identity.GrantAction {
	return map[string][]identity.GrantAction{
		"north-health":   {identity.GrantSubmit},
		"animal-south":   {identity.GrantSubmit, identity.GrantReview},
		"plant-east":     {identity.GrantSubmit},
		"review-board":   {identity.GrantReview},
		"review-college": {identity.GrantReview},
		"secretariat":    {identity.GrantPublish},
	}
}

// People of the demonstration, in the order in which a record passes through their hands.
func People() []Person {
	return []Person{
		{"ana@north-health", "Ana (demo analyst)", []identity.Role{identity.Contributor}, "enter incidents of the Northern Health Organization"},
		{"felix@north-health", "Felix (demo focal point)", []identity.Role{identity.FocalPoint}, "submit what Ana entered, decide who may see it"},
		{"bo@animal-south", "Bo (demo analyst)", []identity.Role{identity.Contributor}, "enter animal incidents"},
		{"ida@animal-south", "Ida (demo focal point)", []identity.Role{identity.FocalPoint}, "submit what Bo entered"},
		{"paul@plant-east", "Paul (demo analyst)", []identity.Role{identity.Contributor}, "enter plant incidents"},
		{"petra@plant-east", "Petra (demo focal point)", []identity.Role{identity.FocalPoint}, "submit what Paul entered"},
		{"rita@review-board", "Rita (demo reviewer)", []identity.Role{identity.Reviewer}, "take reviews, comment, ask for changes, recommend"},
		{"ravi@review-college", "Ravi (demo reviewer)", []identity.Role{identity.Reviewer}, "give the second recommendation that grave records need"},
		{"pia@secretariat", "Pia (demo approver)", []identity.Role{identity.Publisher}, "publish, return or decline what reviewers recommended"},
		{"per@secretariat", "Per (demo approver)", []identity.Role{identity.Publisher}, "confirm what Pia proposed"},
		{"ada@secretariat", "Ada (demo administrator)", []identity.Role{identity.Administrator}, "manage organizations, people and rights"},
		{"adam@secretariat", "Adam (demo administrator)", []identity.Role{identity.Administrator}, "confirm what Ada proposed"},
		{"otto@secretariat", "Otto (demo auditor)", []identity.Role{identity.Auditor}, "read and verify the log of decisions"},
		{"rosa@university", "Rosa (demo researcher)", []identity.Role{identity.Reader}, "search and read what members see"},
	}
}
