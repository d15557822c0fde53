package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/gowebpki/jcs"

	"bioincident/internal/fault"
)

// SaltLength is the number of random bytes before the canonical bytes in a content's hash. The salt makes the hash of
// a short or guessable body useless once the body is purged.
const SaltLength = 32

// Canonical gives the one form of a JSON document (RFC 8785) that is hashed, signed and kept. It fails with an Invalid
// fault json.malformed when the bytes are not exactly one JSON value in UTF-8 without repeated names.
func Canonical(doc []byte) ([]byte, error) {
	canonical, err := jcs.Transform(doc)
	if err != nil {
		return nil, fault.New(fault.Invalid, "json.malformed").Because(err)
	}
	return canonical, nil
}

// Marshal gives the canonical bytes of a body. What is empty is left out, so that a section nobody filled in and a
// section that was emptied are the same bytes.
func Marshal(b Body) ([]byte, error) {
	written, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(written, &tree); err != nil {
		return nil, err
	}
	if written, err = json.Marshal(withoutEmptyMembers(tree)); err != nil {
		return nil, err
	}
	return Canonical(written)
}

// withoutEmpty gives a JSON value without its empty objects and arrays, from the inside out: nil when it is one.
func withoutEmpty(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if len(withoutEmptyMembers(value)) == 0 {
			return nil
		}
	case []any:
		kept := value[:0]
		for _, item := range value {
			if item = withoutEmpty(item); item != nil {
				kept = append(kept, item)
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	}
	return value
}

// withoutEmptyMembers removes what is empty from an object and gives the object, which may now be empty itself.
func withoutEmptyMembers(object map[string]any) map[string]any {
	for name, value := range object {
		if value = withoutEmpty(value); value == nil {
			delete(object, name)
		} else {
			object[name] = value
		}
	}
	return object
}

// NewContent freezes a body: its canonical bytes under SHA-256(salt ‖ bytes). The salt is SaltLength random bytes. It
// fails as Canonical does; a salt of another length is a programming error and an Internal fault.
func NewContent(schemaVersion string, body, salt []byte) (Content, error) {
	if len(salt) != SaltLength {
		return Content{}, fault.New(fault.Internal, "content.salt", "length", len(salt))
	}
	canonical, err := Canonical(body)
	if err != nil {
		return Content{}, err
	}
	return Content{Hash: saltedHash(salt, canonical), Salt: salt, Schema: schemaVersion, Bytes: canonical}, nil
}

// Verify tells whether the bytes are still those the hash was made of.
func (c Content) Verify() bool {
	return len(c.Salt) == SaltLength && c.Hash == saltedHash(c.Salt, c.Bytes)
}

// saltedHash gives SHA-256(salt ‖ bytes) in hexadecimal.
func saltedHash(salt, bytes []byte) string {
	sum := sha256.New()
	sum.Write(salt)
	sum.Write(bytes)
	return hex.EncodeToString(sum.Sum(nil))
}
