package design

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"

	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/schema"
)

//go:embed templates/*.html
var templates embed.FS //nolint:gochecknoglobals // embedded data can only be a package variable

// Design draws pages. It is safe for concurrent use.
type Design struct {
	voices map[string]*Voice
	assets map[string]Asset
}

// Component is anything that a template draws: Template names it, and the component is its dot.
type Component interface {
	Template() string
}

// New reads the templates of this package and of each further folder (every *.html at its top), once for each language.
func New(words *message.Catalogue, sch *schema.Schema, pages ...fs.FS) (*Design, error) {
	assets, err := readAssets()
	if err != nil {
		return nil, err
	}
	d := &Design{voices: map[string]*Voice{}, assets: assets}
	own, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	for _, lang := range incident.Languages() {
		voice := &Voice{words: words, schema: sch, lang: lang}
		voice.set = template.New("").Option("missingkey=error").Funcs(voice.functions())
		for _, folder := range append([]fs.FS{own}, pages...) {
			if _, err := voice.set.ParseFS(folder, "*.html"); err != nil {
				return nil, fmt.Errorf("templates: %w", err)
			}
		}
		d.voices[lang] = voice
	}
	return d, nil
}

// Composed is the page that shows a title and, below it, its body, which is a Component.
const Composed = "composed"

// Render writes a whole page: the shell around the template named page, whose dot is p. On an error nothing was written.
func (d *Design) Render(w io.Writer, page string, p Page) error {
	voice := d.In(p.Lang)
	main, err := voice.draw(page, p)
	if err != nil {
		return err
	}
	return voice.write(w, "shell", shell{Page: p, Main: main})
}

// Fragment writes one component without a shell, for a part of a page that htmx replaces. On an error nothing was written.
func (d *Design) Fragment(w io.Writer, lang string, c Component) error {
	return d.In(lang).write(w, c.Template(), c)
}

// In gives the voice of a language; of English for a language that there is none of.
func (d *Design) In(lang string) *Voice {
	if voice, ok := d.voices[lang]; ok {
		return voice
	}
	return d.voices["en"]
}

func (v *Voice) write(w io.Writer, name string, dot any) error {
	var whole bytes.Buffer
	if err := v.set.ExecuteTemplate(&whole, name, dot); err != nil {
		return fmt.Errorf("draw %s: %w", name, err)
	}
	_, err := whole.WriteTo(w)
	return err
}

// draw gives HTML that the template has already escaped.
func (v *Voice) draw(name string, dot any) (template.HTML, error) {
	var part bytes.Buffer
	if err := v.write(&part, name, dot); err != nil {
		return "", err
	}
	return template.HTML(part.String()), nil //nolint:gosec // what a template of ours wrote is escaped
}
