package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"bioincident/internal/incident"
)

//go:embed catalogue/*.json
var files embed.FS //nolint:gochecknoglobals // embedded data can only be a package variable

// Catalogue holds the messages, read once.
type Catalogue struct {
	localizers map[string]*i18n.Localizer
	known      map[string]bool // ids present in English
	matcher    language.Matcher
}

// Load reads the catalogue of every language.
func Load() (*Catalogue, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	c := &Catalogue{
		localizers: map[string]*i18n.Localizer{}, known: map[string]bool{},
		matcher: language.NewMatcher([]language.Tag{
			language.English, language.Arabic, language.Chinese, language.French, language.Russian, language.Spanish,
		}),
	}
	for _, lang := range incident.Languages() {
		data, err := files.ReadFile("catalogue/" + lang + ".json")
		if err != nil {
			return nil, fmt.Errorf("message catalogue of %s: %w", lang, err)
		}
		file, err := bundle.ParseMessageFileBytes(data, lang+".json")
		if err != nil {
			return nil, fmt.Errorf("message catalogue of %s: %w", lang, err)
		}
		if lang == "en" {
			for _, m := range file.Messages {
				c.known[m.ID] = true
			}
		}
	}
	for _, lang := range incident.Languages() {
		c.localizers[lang] = i18n.NewLocalizer(bundle, lang, "en")
	}
	return c, nil
}

// Say gives the words of an id. A language that lacks it falls back to English; an unknown id gives the id, so that a
// forgotten message is seen and nothing breaks.
func (c *Catalogue) Say(lang, id string, params map[string]any) string {
	return c.say(lang, &i18n.LocalizeConfig{MessageID: id, TemplateData: params})
}

// Count gives the words of an id in the plural form that n takes; {{.N}} is the number as shown.
func (c *Catalogue) Count(lang, id string, n int64, shown string) string {
	return c.say(lang, &i18n.LocalizeConfig{
		MessageID: id, TemplateData: map[string]any{"N": shown}, PluralCount: fmt.Sprint(n),
	})
}

func (c *Catalogue) say(lang string, config *i18n.LocalizeConfig) string {
	localizer, ok := c.localizers[lang]
	if !ok {
		localizer = c.localizers["en"]
	}
	words, err := localizer.Localize(config)
	if err != nil && words == "" {
		return config.MessageID
	}
	return words
}

// Problem gives the words of a fault's code. A code without a message of its own is said as its area and name, which is
// poor English but never a secret.
func (c *Catalogue) Problem(lang, code string, params map[string]any) string {
	id := "problem." + code
	if !c.known[id] {
		return strings.NewReplacer(".", ": ", "_", " ").Replace(code)
	}
	refusal := strings.HasPrefix(code, "policy.") || strings.HasPrefix(code, "quorum.")
	// A code that was kept without its parameters (the reason of a row that stayed, read again later) is said with a gap.
	return strings.ReplaceAll(c.Say(lang, id, c.spoken(lang, params, refusal)), "<no value>", "…")
}

// spoken makes a list in parameters into words with separators, so that no grammar is needed; and, for a refusal, the
// codes in them (roles, states, change classes) into the words people know them by.
func (c *Catalogue) spoken(lang string, params map[string]any, refusal bool) map[string]any {
	said := make(map[string]any, len(params))
	word := func(code string) string {
		if refusal && c.known["word."+code] {
			return c.Say(lang, "word."+code, nil)
		}
		return code
	}
	for name, value := range params {
		switch v := value.(type) {
		case string:
			said[name] = word(v)
		case []string:
			words := make([]string, len(v))
			for i, code := range v {
				words[i] = word(code)
			}
			said[name] = strings.Join(words, c.Say(lang, "list.separator", nil))
		default:
			said[name] = value
		}
	}
	return said
}

// Knows tells whether a problem code has words.
func (c *Catalogue) Knows(code string) bool { return c.known["problem."+code] }

// Match gives the catalogue's language that fits an Accept-Language header best; English when none does.
func (c *Catalogue) Match(accept string) string {
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return "en"
	}
	codes := []string{"en", "ar", "zh", "fr", "ru", "es"}
	_, index, confidence := c.matcher.Match(wanted...)
	if confidence == language.No {
		return "en"
	}
	return codes[index]
}
