package incident

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"bioincident/internal/fault"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{"{ \"b\":1.0, \"a\" : \"\\u00e9\\u003c\" }\n", `{"a":"é<","b":1}`},
		{`[1e2,0.00,-0,1E-7]`, `[100,0,0,1e-7]`},
		{`{"😀":1,"\ufb33":2}`, "{\"😀\":1,\"\ufb33\":2}"},
	} {
		got, err := Canonical([]byte(c.doc))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v", c.doc, got, err)
		}
	}
	for _, doc := range []string{"", "{", `{"a":1}x`, `{"a":1,"a":2}`, "{\"a\":\"\xff\"}", `{"a":"\ud800"}`, `{"a":NaN}`, `{'a':1}`} {
		if got, err := Canonical([]byte(doc)); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != "json.malformed" {
			t.Errorf("%q: %s, %v", doc, got, err)
		}
	}
}

// TestMarshal: nothing empty is written, and a body read from its bytes gives them again.
func TestMarshal(t *testing.T) {
	var b Body
	if got, err := Marshal(b); err != nil || string(got) != "{}" {
		t.Fatalf("%s %v", got, err)
	}
	b.Impact.Counts = []Count{}
	b.Identity.ExternalIDs = []ExternalID{}
	b.Place.Areas = Know([]Area{})
	b.Sources = []Source{{ID: "s1", Type: "book", Citation: map[string]any{"issued": map[string]any{}, "author": []any{}}}}
	got, err := Marshal(b)
	if want := `{"sources":[{"id":"s1","type":"book"}]}`; err != nil || string(got) != want {
		t.Fatalf("%s %v, want %s", got, err, want)
	}
	b.Narrative.Summary = Say1("fr", "Été <1979> & après")
	b.Time.Onset, b.Time.End = Know(Date("1979-04~")), Say[Date]("unknown")
	b.Time.Exposure = State(Date("1979-04-02"), "s1")
	b.Impact.Counts = []Count{exactly("c1", 0, "", "", "", "1979")}
	b.Place.Point = &Point{Lat: 56.85, Lon: 60.6, Precision: "locality"}
	first, err := Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var again Body
	if err := json.Unmarshal(first, &again); err != nil {
		t.Fatal(err)
	}
	second, err := Marshal(again)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%s\n%s %v", first, second, err)
	}
	if canonical, err := Canonical(first); err != nil || !bytes.Equal(canonical, first) {
		t.Errorf("%s is not canonical", first)
	}
}

func TestContent(t *testing.T) {
	salt := bytes.Repeat([]byte{7}, SaltLength)
	c, err := NewContent("1.0", []byte(`{ "b": 1, "a": 2.0 }`), salt)
	if err != nil || string(c.Bytes) != `{"a":2,"b":1}` || c.Schema != "1.0" || !c.Verify() {
		t.Fatalf("%+v %v", c, err)
	}
	sum := sha256.Sum256(append(bytes.Clone(salt), `{"a":2,"b":1}`...))
	if c.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s", c.Hash)
	}
	for name, tamper := range map[string]func(*Content){
		"bytes": func(c *Content) { c.Bytes = []byte(`{"a":2,"b":2}`) },
		"salt":  func(c *Content) { c.Salt = bytes.Repeat([]byte{8}, SaltLength) },
		"hash":  func(c *Content) { c.Hash = "00" + c.Hash[2:] },
		"where the salt ends": func(c *Content) {
			c.Salt, c.Bytes = c.Salt[:SaltLength-1], append([]byte{7}, c.Bytes...)
		},
		"purged": func(c *Content) { c.Bytes, c.Salt = nil, nil },
	} {
		other := c
		if tamper(&other); other.Verify() {
			t.Errorf("%s: not noticed", name)
		}
	}
	if _, err := NewContent("1.0", []byte(`{}`), salt[:16]); !fault.Is(err, fault.Internal) {
		t.Errorf("a short salt: %v", err)
	}
	if _, err := NewContent("1.0", []byte(`{`), salt); !fault.Is(err, fault.Invalid) {
		t.Errorf("no JSON: %v", err)
	}
}

// TestCanonicalIsOneForm: how a document is written does not change its bytes, and canonical bytes are their own form.
func TestCanonicalIsOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := documents().Draw(t, "document")
		plain, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		spread, err := json.MarshalIndent(tree, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		a, errA := Canonical(plain)
		b, errB := Canonical(spread)
		c, errC := Canonical(a)
		if errA != nil || errB != nil || errC != nil || !bytes.Equal(a, b) || !bytes.Equal(a, c) {
			t.Fatalf("%s\n%s\n%s", a, b, c)
		}
	})
}
