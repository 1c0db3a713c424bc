package haproxy

import (
	"os"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	stateRemedy = "let the user that drives rollouts write the folder of the file; or leave state_file out and save the state before each reload"
	fileRemedy  = "let the user that drives rollouts write the folder of the file; or leave cohort_map_file out, and a reload forgets the cohort"
)

// fileMode lets HAProxy read the files, which hold no secret.
const fileMode = 0o644

// kept is a file from which HAProxy starts anew.
type kept struct {
	path, what, lost, remedy string
	content                  func(sight) string
}

// kept lists the files that the author wants kept.
func (t *Target) kept() []kept {
	var out []kept
	if path := t.config.StateFile; path != "" {
		out = append(out, kept{path, "the server-state file " + path, "a reload would bring the old weights back", stateRemedy,
			func(s sight) string { return s.State }})
	}
	if path := t.config.CohortMapFile; path != "" {
		out = append(out, kept{path, "the map's file " + path, "a reload would bring the old cohort back", fileRemedy,
			func(s sight) string { return haproxy.MapFile(s.Map.Entries) }})
	}
	return out
}

// keep writes the files, so that HAProxy starts anew with what is so now, also
// after a crash. Each file is whole at any time: it is replaced by another.
func (t *Target) keep(s sight) error {
	for _, k := range t.kept() {
		if err := replace(k.path, k.content(s)); err != nil {
			return &target.Error{Code: target.CodeUnavailable, MaybeDone: true, Err: err, Remedy: k.remedy,
				Message: "HAProxy was changed, but " + k.what + " was not, so " + k.lost}
		}
	}
	return nil
}

func replace(path, content string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == content { //nolint:gosec // The author's own file.
		return nil // The map seldom changes, and to be sure of a new file takes a disk's time.
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".sluice-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // It is gone when all went well.
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Chmod(fileMode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// writable says why the file cannot be written, without changing it.
func (k kept) writable() error {
	f, err := os.CreateTemp(filepath.Dir(k.path), ".sluice-*")
	if err != nil {
		return err
	}
	_ = f.Close()
	return os.Remove(f.Name())
}
