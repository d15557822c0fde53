package api

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Cursors seals the places at which pages go on. A place holds numbers and ids that never leave the server: the dense
// number of a record tells how many others there are. The nonce is made from the place, so that the same page has the
// same cursor and the same fingerprint; places are padded, so that their length tells nothing either.
type Cursors struct {
	aead cipher.AEAD
	mac  []byte
}

// block is what places are padded to a multiple of.
const block = 32

// NewCursors takes 64 random bytes: half to seal, half to make nonces.
func NewCursors(secret []byte) (Cursors, error) {
	if len(secret) != 64 {
		return Cursors{}, fmt.Errorf("the secret of cursors has %d bytes, not 64", len(secret))
	}
	sealer, err := aes.NewCipher(secret[:32])
	if err != nil {
		return Cursors{}, err
	}
	aead, err := cipher.NewGCM(sealer)
	return Cursors{aead, secret[32:]}, err
}

// Seal makes a cursor of a place; "" of none.
func (c Cursors) Seal(place string) string {
	if place == "" {
		return ""
	}
	padded := append([]byte(place), 0x80)
	padded = append(padded, make([]byte, (block-len(padded)%block)%block)...)
	mac := hmac.New(sha256.New, c.mac)
	mac.Write(padded)
	nonce := mac.Sum(nil)[:c.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(c.aead.Seal(nonce, nonce, padded, nil))
}

// nowhere is a place that no list has: whoever is asked for it refuses it in its turn, after deciding who may ask.
const nowhere = "!"

// Open gives the place back, or nowhere for what was not sealed here.
func (c Cursors) Open(cursor string) string {
	if cursor == "" {
		return ""
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	size := c.aead.NonceSize()
	if err != nil || len(sealed) < size {
		return nowhere
	}
	padded, err := c.aead.Open(nil, sealed[:size], sealed[size:], nil)
	if err != nil {
		return nowhere
	}
	return string(padded[:max(0, bytes.LastIndexByte(padded, 0x80))])
}

// Next seals a place; nil where there is nothing more.
func (c Cursors) Next(place string) *string {
	if place == "" {
		return nil
	}
	sealed := c.Seal(place)
	return &sealed
}
