package acctest

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Search looks for a secret in each file below a folder, and in the members of a saved
// plan, which is compressed; each that holds it is an error. It gives how many it read.
func Search(t testing.TB, dir, secret string) int {
	t.Helper()
	read := 0
	look := func(name string, r io.Reader) error {
		content, err := io.ReadAll(r)
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("%s holds the secret", name)
		}
		read++
		return err
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // It was only read.
		if err := look(entry.Name(), f); err != nil || entry.Name() != "tfplan" {
			return err
		}
		return members(path, look)
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// members looks into a saved plan.
func members(path string, look func(string, io.Reader) error) error {
	plan, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer func() { _ = plan.Close() }() // It was only read.
	for _, member := range plan.File {
		m, err := member.Open()
		if err == nil {
			err = look("tfplan/"+member.Name, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
