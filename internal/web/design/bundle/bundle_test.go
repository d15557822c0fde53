package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// What is committed is what the sources give, byte for byte, on every machine.
func TestDistIsWhatTheSourcesGive(t *testing.T) {
	files, err := build("../assets")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadDir("../dist")
	if err != nil {
		t.Fatal(err)
	}
	if len(committed) != len(files) {
		t.Errorf("dist has %d files, want %d: run make generate", len(committed), len(files))
	}
	for _, file := range files {
		body, err := os.ReadFile(filepath.Join("..", "dist", file.name))
		if err != nil || !bytes.Equal(body, file.body) {
			t.Errorf("dist/%s is not what the sources give: run make generate (%v)", file.name, err)
		}
	}
	if source, err := os.ReadFile("../manifest.go"); err != nil || !bytes.Equal(source, manifest(files)) {
		t.Errorf("manifest.go is not what the sources give: run make generate (%v)", err)
	}
}

// The first visit of a page carries the style sheet and the script: both together stay below 60 KB on the wire.
func TestWeight(t *testing.T) {
	files, err := build("../assets")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, file := range files {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(file.body); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d compressed", file.name, len(file.body), packed.Len())
		total += packed.Len()
	}
	if total > 60<<10 {
		t.Errorf("%d bytes compressed, want at most %d", total, 60<<10)
	}
}

func pack(t *testing.T, name string) []byte {
	t.Helper()
	var packed bytes.Buffer
	plain := gzip.NewWriter(&packed)
	archive := tar.NewWriter(plain)
	body := []byte("export default 1")
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(body)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestAPackageIsTakenOnlyWithItsSum(t *testing.T) {
	packed := pack(t, "package/dist/small.js")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(packed) }))
	defer server.Close()
	t.Setenv("npm_config_registry", server.URL)
	sum := sha512.Sum512(packed)
	small := locked{name: "small", Resolved: publicRegistry + "small.tgz", Integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}

	modules := filepath.Join(t.TempDir(), "node_modules")
	if err := small.ensure(modules, sum[:]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "small", "dist", "small.js")); err != nil {
		t.Error(err)
	}

	other := filepath.Join(t.TempDir(), "node_modules")
	if err := small.ensure(other, make([]byte, sha512.Size)); err == nil {
		t.Error("a package with another sum was taken")
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("what was refused was unpacked")
	}
	if _, err := (locked{name: "x", Integrity: "sha1-AAAA"}).sum(); err == nil {
		t.Error("a weaker sum was taken")
	}
}

func TestAPackageStaysInItsFolder(t *testing.T) {
	dir := t.TempDir()
	if err := unpack(pack(t, "package/../../out.js"), filepath.Join(dir, "a", "b")); err == nil {
		t.Error("a name that leads out was taken")
	}
	if _, err := os.Stat(filepath.Join(dir, "out.js")); err == nil {
		t.Error("a file was written outside")
	}
}
