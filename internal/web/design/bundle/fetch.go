package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// mostBytes bounds a package as it is sent, and each of its files.
const mostBytes = 32 << 20

const publicRegistry = "https://registry.npmjs.org/"

// locked is one package of a lock file.
type locked struct {
	name      string
	Resolved  string `json:"resolved"`
	Integrity string `json:"integrity"` // "sha512-" and base64
}

// fetch gives the node_modules folders of every package of a lock file, one folder each, in the user's cache.
func fetch(lockFile string) ([]string, error) {
	packages, err := readLock(lockFile)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	var modules []string
	for _, p := range packages {
		sum, err := p.sum()
		if err != nil {
			return nil, err
		}
		folder := filepath.Join(cache, "bid-npm", hex.EncodeToString(sum[:16]), "node_modules")
		if err := p.ensure(folder, sum); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		modules = append(modules, folder)
	}
	return modules, nil
}

func readLock(name string) ([]locked, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]locked `json:"packages"`
	}
	if err := json.Unmarshal(data, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var packages []locked
	for where, p := range lock.Packages {
		if where == "" {
			continue // the project itself
		}
		p.name = strings.TrimPrefix(where, "node_modules/")
		packages = append(packages, p)
	}
	return packages, nil
}

func (p locked) sum() ([]byte, error) {
	text, ok := strings.CutPrefix(p.Integrity, "sha512-")
	sum, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(sum) != sha512.Size {
		return nil, fmt.Errorf("%s: the lock file has no SHA-512 for it", p.name)
	}
	return sum, nil
}

// ensure downloads, verifies and unpacks, unless that was done before. What is unpacked appears whole or not at all.
func (p locked) ensure(modules string, sum []byte) error {
	if _, err := os.Stat(modules); err == nil {
		return nil
	}
	packed, err := download(p.address())
	if err != nil {
		return err
	}
	if got := sha512.Sum512(packed); !bytes.Equal(got[:], sum) {
		return errors.New("what was fetched is not what the lock file names (SHA-512 differs)")
	}
	parent := filepath.Dir(modules)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	unpacked, err := os.MkdirTemp(parent, "unpack-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(unpacked) }()
	if err := unpack(packed, filepath.Join(unpacked, filepath.FromSlash(p.name))); err != nil {
		return err
	}
	if err := os.Rename(unpacked, modules); err != nil {
		if _, there := os.Stat(modules); there == nil {
			return nil // another run was first
		}
		return err
	}
	return nil
}

// address is where the package lies in the registry that this machine uses.
func (p locked) address() string {
	return strings.Replace(p.Resolved, publicRegistry, registry(), 1)
}

// registry is the one npm would ask, with a slash at its end.
func registry() string {
	chosen := os.Getenv("npm_config_registry")
	if chosen == "" {
		if out, err := exec.Command("npm", "config", "get", "registry").Output(); err == nil {
			chosen = strings.TrimSpace(string(out))
		}
	}
	if !strings.HasPrefix(chosen, "http") {
		return publicRegistry
	}
	return strings.TrimSuffix(chosen, "/") + "/"
}

func download(address string) ([]byte, error) {
	client := http.Client{Timeout: 2 * time.Minute}
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the registry answered %s", response.Status)
	}
	return readMost(response.Body)
}

func readMost(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err == nil && len(data) > mostBytes {
		return nil, fmt.Errorf("larger than %d bytes", mostBytes)
	}
	return data, err
}

// unpack writes the regular files of a package below a directory; a name that would lead out of it is refused by os.Root.
func unpack(packed []byte, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackFile(root, header.Name, archive); err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, body io.Reader) error {
	_, name, _ = strings.Cut(name, "/") // npm packs everything below one folder
	data, err := readMost(body)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return root.WriteFile(name, data, 0o644)
}
