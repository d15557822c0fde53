package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	prefix   = "bid_"
	random   = 32 // characters: 190 bits
	checksum = 6
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Mint makes a token: the secret, which is shown once, and the hash, which is kept.
func Mint(source io.Reader) (secret, hash string, err error) {
	body, err := letters(source, random)
	if err != nil {
		return "", "", fmt.Errorf("no randomness for a token: %w", err)
	}
	secret = prefix + body + check(body)
	return secret, Hash(secret), nil
}

// letters draws uniformly: bytes beyond the last whole multiple of the alphabet are thrown away.
func letters(source io.Reader, n int) (string, error) {
	const limit = 256 - 256%len(alphabet)
	var b strings.Builder
	buffer := make([]byte, 1)
	for b.Len() < n {
		if _, err := io.ReadFull(source, buffer); err != nil {
			return "", err
		}
		if int(buffer[0]) < limit {
			b.WriteByte(alphabet[int(buffer[0])%len(alphabet)])
		}
	}
	return b.String(), nil
}

// check gives the checksum: CRC-32 (IEEE) in base 62, six characters.
func check(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	digits := make([]byte, checksum)
	for i := checksum - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return string(digits)
}

// WellFormed tells whether a text has the form of a token and its checksum agrees.
func WellFormed(secret string) bool {
	body, ok := strings.CutPrefix(secret, prefix)
	if !ok || len(body) != random+checksum {
		return false
	}
	for _, letter := range body {
		if !strings.ContainsRune(alphabet, letter) {
			return false
		}
	}
	return check(body[:random]) == body[random:]
}

// Hash gives what is kept of a token: the hex SHA-256. The secret has 190 random bits, so no slow hash is needed.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
