package haproxy

import (
	"os"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const stateRemedy = "let the user that drives rollouts write the folder of the file; or leave state_file out and save the state before each reload"

// stateMode lets HAProxy read the file, which holds no secret.
const stateMode = 0o644

// keep writes the server-state file, so that HAProxy starts anew with the weights
// of now, also after a crash. The file is whole at any time: it is replaced by
// another.
func (t *Target) keep(s sight) error {
	if t.config.StateFile == "" {
		return nil
	}
	if err := t.replaceState(s.State); err != nil {
		return &target.Error{Code: target.CodeUnavailable, MaybeDone: true, Err: err, Remedy: stateRemedy,
			Message: "HAProxy was changed, but the server-state file " + t.config.StateFile + " was not, so a reload would bring the old weights back"}
	}
	return nil
}

func (t *Target) replaceState(content string) error {
	f, err := os.CreateTemp(filepath.Dir(t.config.StateFile), ".sluice-state-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // It is gone when all went well.
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Chmod(stateMode)
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
	return os.Rename(f.Name(), t.config.StateFile)
}

// keepable says why the file cannot be written, without changing it.
func (t *Target) keepable() error {
	if t.config.StateFile == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(t.config.StateFile), ".sluice-state-*")
	if err != nil {
		return err
	}
	_ = f.Close()
	return os.Remove(f.Name())
}
