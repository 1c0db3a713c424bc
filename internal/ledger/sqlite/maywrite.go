package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// MayWrite says whether a ledger could be begun in the file, or a copy that was begun
// there gone on with. It makes a file of another name in the folder, or where that is yet
// to be made in the nearest that is there, and takes it away again. What is in the way
// wraps ledger.ErrReadOnly.
func MayWrite(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // The author names it.
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w: the file cannot be written: %w", path, ledger.ErrReadOnly, err)
	}
	dir := filepath.Dir(path)
	for {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	f, err = os.CreateTemp(dir, ".sluice-*")
	if err != nil {
		return fmt.Errorf("%s: %w: no file can be made in the folder %s: %w", path, ledger.ErrReadOnly, dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
