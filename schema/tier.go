package schema

import "fmt"

// Tier says who may see: public < members < named. It is at once the marking of a record, the tier of a section or an
// item, the floor of a property and the wall of an index. There is no fourth.
type Tier uint8

// The tiers, printed as TLP:CLEAR, TLP:GREEN and TLP:AMBER+STRICT.
const (
	Public Tier = iota
	Members
	Named
)

// Tiers lists them from the widest to the narrowest.
func Tiers() []Tier { return []Tier{Public, Members, Named} }

// ParseTier reads a tier's code. TLP:RED is refused: it may not be stored; TLP:AMBER is taken as named.
func ParseTier(code string) (Tier, error) {
	switch code {
	case "public", "TLP:CLEAR":
		return Public, nil
	case "members", "TLP:GREEN":
		return Members, nil
	case "named", "TLP:AMBER", "TLP:AMBER+STRICT":
		return Named, nil
	case "TLP:RED":
		return Named, fmt.Errorf("TLP:RED may not be stored: keep it with its holder and enter a reference in the annex")
	}
	return Named, fmt.Errorf("unknown marking %q: use public, members or named", code)
}

// String gives the code.
func (t Tier) String() string { return [...]string{"public", "members", "named"}[t] }

// TLP gives the tier as a Traffic Light Protocol 2.0 label.
func (t Tier) TLP() string {
	return [...]string{"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER+STRICT"}[t]
}

// MarshalText writes the code.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the code.
func (t *Tier) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTier(string(text))
	return err
}
