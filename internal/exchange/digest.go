package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"

	"bioincident/internal/workflow"
)

// digest gives the hash of everything that decides what the rows of an import say: the contents of the files, the texts,
// the handling, the options. Two files under one name and with one size are told apart by it.
func (in In) digest() (string, error) {
	said := struct {
		Profile  string
		Options  Options
		Handling *workflow.HandlingIn
		Contents []string
		Texts    string
	}{Profile: in.Profile, Options: in.Options, Handling: in.Handling}
	for _, file := range in.Files {
		sum, err := contentOf(file)
		if err != nil {
			return "", err
		}
		said.Contents = append(said.Contents, sum)
	}
	if in.Texts != nil {
		var err error
		if said.Texts, err = contentOf(*in.Texts); err != nil {
			return "", err
		}
	}
	data, err := json.Marshal(said)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func contentOf(file File) (string, error) {
	in, err := file.Open()
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // reading only: what could not be read is told by the reads
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
