package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// loadState reads what an earlier lab served. No file means a new lab; one that
// cannot be read is an error, since starting empty would take the service down.
func loadState(path string) (machine.State, error) {
	var s machine.State
	if path == "" {
		return s, nil
	}
	body, err := os.ReadFile(path) //nolint:gosec // The path is the operator's own.
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = wire.Decode(body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("reading the lab's state from %s: %w; remove the file to start with nothing running", path, err)
	}
	return s, nil
}

// saveState replaces the file as a whole, so that a crash leaves the old content
// or the new.
func saveState(path string, s machine.State) error {
	if path == "" {
		return nil
	}
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding the lab's state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // Gone already after the rename.
	_, err = tmp.Write(body)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	return nil
}
