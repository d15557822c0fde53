package incident

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"bioincident/internal/fault"
)

// idAlphabet has no 0 O 1 I L U: nothing that is read for something else, aloud or on paper.
const idAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// idLength counts the characters after the prefix, the check character included; idHalf stands before the second dash.
const (
	idLength = 8
	idHalf   = 4
)

// idModulus is the prime after the size of the alphabet. Because it is prime, a weighted sum over it changes with any
// single character and with the exchange of any two; with one symbol fewer than the modulus, the seven random
// characters whose check would be the missing symbol are drawn again.
const idModulus = 31

// idWeights are the first powers of 3, a generator modulo 31: all different, and no two neighbours add to zero, so
// that a wrongly doubled pair (44 for 77) is found too. The last, 17, weighs the check character.
const idWeights = "\x01\x03\x09\x1b\x13\x1a\x10\x11"

// idCheckInverse is the inverse of the check character's weight: 17 × 11 = 187 = 6 × 31 + 1.
const idCheckInverse = 11

// NewID draws a record id: prefix, seven random characters and a check character, BID-7K3M-9Q2X. The prefix is a
// setting: 2 to 8 capital letters or digits beginning with a letter, else the fault is Invalid id.prefix. An error of
// the random source is returned as it is.
func NewID(prefix string, random io.Reader) (string, error) {
	if !idPrefix(prefix) {
		return "", fault.New(fault.Invalid, "id.prefix", "prefix", prefix, "expected", "BID")
	}
	for {
		body, err := randomBody(random)
		if err != nil {
			return "", fmt.Errorf("random source: %w", err)
		}
		check := checkOf(body)
		if check == len(idAlphabet) {
			continue
		}
		body += idAlphabet[check : check+1]
		return prefix + "-" + body[:idHalf] + "-" + body[idHalf:], nil
	}
}

// randomBody draws the characters before the check character, each equally likely.
func randomBody(random io.Reader) (string, error) {
	body := make([]byte, 0, idLength)
	var draw [1]byte
	for len(body) < idLength-1 {
		if _, err := io.ReadFull(random, draw[:]); err != nil {
			return "", err
		}
		if usable := 256 - 256%len(idAlphabet); int(draw[0]) >= usable {
			continue
		}
		body = append(body, idAlphabet[int(draw[0])%len(idAlphabet)])
	}
	return string(body), nil
}

// checkOf gives the value that makes the weighted sum zero; it may be one more than the alphabet has.
func checkOf(body string) int {
	return (idModulus - weigh(body)) * idCheckInverse % idModulus
}

// weigh sums the values of characters of the alphabet by their weights.
func weigh(characters string) int {
	sum := 0
	for i := range len(characters) {
		sum += strings.IndexByte(idAlphabet, characters[i]) * int(idWeights[i])
	}
	return sum % idModulus
}

// CheckID tells whether the text is a record id as NewID writes it, under any prefix. It fails with an Invalid fault:
// id.syntax, id.character (one that no id has), id.check (mistyped).
func CheckID(id string) error {
	prefix, body, ok := strings.Cut(id, "-")
	if !ok || !idPrefix(prefix) || len(body) != idLength+1 || body[idHalf] != '-' {
		return fault.New(fault.Invalid, "id.syntax", "id", shortened(id), "expected", "BID-XXXX-XXXX")
	}
	characters := body[:idHalf] + body[idHalf+1:]
	for i := range len(characters) {
		if strings.IndexByte(idAlphabet, characters[i]) < 0 {
			at := len(prefix) + 1 + i + i/idHalf
			return fault.New(fault.Invalid, "id.character", "id", id, "column", at+1, "expected", idAlphabet)
		}
	}
	if weigh(characters) != 0 {
		return fault.New(fault.Invalid, "id.check", "id", id)
	}
	return nil
}

// ParseRef reads a reference to a record or to one of its editions, BID-7K3M-9Q2X or BID-7K3M-9Q2X@3, in any case and
// with blanks around it. edition is 0 when none is named. It fails as CheckID does, or with Invalid id.edition.
func ParseRef(text string) (id string, edition int, err error) {
	id, after, named := strings.Cut(strings.TrimSpace(text), "@")
	id = upper(id)
	if err := CheckID(id); err != nil {
		return "", 0, err
	}
	if !named {
		return id, 0, nil
	}
	edition, err = strconv.Atoi(after)
	if err != nil || edition < 1 || after != strconv.Itoa(edition) {
		return "", 0, fault.New(fault.Invalid, "id.edition", "edition", shortened(after), "expected", "1, 2, 3 …")
	}
	return id, edition, nil
}

// upper raises ASCII letters only: strings.ToUpper would turn letters of other scripts into accepted ones.
func upper(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	}, text)
}

// idPrefix tells whether the text can stand before the first dash.
func idPrefix(prefix string) bool {
	if len(prefix) < 2 || len(prefix) > 8 || prefix[0] < 'A' || prefix[0] > 'Z' {
		return false
	}
	for i := range len(prefix) {
		if c := prefix[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// shortened cuts a caller's text for an error's parameter.
func shortened(text string) string {
	const most = 32
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
