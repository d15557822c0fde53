package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"bioincident/api/gen"
	"bioincident/internal/fault"
	"bioincident/schema"
)

// ListVocabularies lists the vocabularies.
func (s *Server) ListVocabularies(ctx context.Context, _ gen.ListVocabulariesRequestObject) (gen.ListVocabulariesResponseObject, error) {
	r := asked(ctx)
	var out gen.VocabularyList
	for _, name := range s.Schema.Lists() {
		v, ok := s.Schema.Vocabulary(name)
		if !ok {
			continue
		}
		out.Vocabularies = append(out.Vocabularies, gen.VocabularyHead{List: name, Title: v.Title(r.lang), Version: v.Version(), Terms: len(v.Terms())})
	}
	return gen.ListVocabularies200JSONResponse{Body: out}, nil
}

// GetVocabulary reads a vocabulary.
func (s *Server) GetVocabulary(ctx context.Context, in gen.GetVocabularyRequestObject) (gen.GetVocabularyResponseObject, error) {
	r := asked(ctx)
	v, ok := s.Schema.Vocabulary(in.List)
	if !ok {
		return nil, fault.New(fault.NotFound, "vocabulary.not_found")
	}
	return gen.GetVocabulary200JSONResponse{Body: gen.Vocabulary{
		List: in.List, Title: v.Title(r.lang), Version: v.Version(), Unread: v.Unread(),
		Terms: each(v.Terms(), func(t schema.Term) gen.Term { return term(t, v, r.lang) }),
	}}, nil
}

func term(t schema.Term, v *schema.Vocabulary, lang string) gen.Term {
	parents := t.Parents
	if t.Parent != "" {
		parents = []string{t.Parent}
	}
	return gen.Term{
		Code: t.Code, Parents: parents, Label: v.Label(t.Code, lang), Labels: t.Labels, Definition: inLanguage(t.Definition, lang),
		UseWhen: inLanguage(t.UseWhen, lang), DoNotUseWhen: inLanguage(t.DoNotUseWhen, lang), Example: inLanguage(t.Example, lang),
		Synonyms: t.Synonyms, Abbreviations: t.Abbreviations, ScientificName: t.ScientificName, NcbiTaxon: t.Taxon,
		Successors: t.Successors, Deprecated: t.Deprecated, ReplacedBy: t.ReplacedBy,
	}
}

func inLanguage(words map[string]string, lang string) string {
	if said := words[lang]; said != "" {
		return said
	}
	return words["en"]
}

// GetSchema serves the schema of a record's body, byte for byte as it is validated by.
func (s *Server) GetSchema(context.Context, gen.GetSchemaRequestObject) (gen.GetSchemaResponseObject, error) {
	return document{media: "application/json", bytes: s.Schema.JSON()}, nil
}

// document is an answer whose bytes are there already.
type document struct {
	media string
	bytes []byte
}

func (d document) send(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", d.media)
	if strings.HasPrefix(d.media, "text/html") {
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	}
	w.WriteHeader(http.StatusOK)
	_, err := bytes.NewReader(d.bytes).WriteTo(w)
	return err
}

// The generated interfaces that it satisfies.
func (d document) VisitGetSchemaResponse(w http.ResponseWriter) error         { return d.send(w) }
func (d document) VisitGetContractResponse(w http.ResponseWriter) error       { return d.send(w) }
func (d document) VisitGetReferenceResponse(w http.ResponseWriter) error      { return d.send(w) }
func (d document) VisitGetReferenceStyleResponse(w http.ResponseWriter) error { return d.send(w) }
