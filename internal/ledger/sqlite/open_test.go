package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		opts    sqlite.Options
		want    error
		says    string
	}{
		{"a plan where nothing is", func(*testing.T, string) {}, sqlite.Options{MustExist: true}, ledger.ErrMissing, "terraform apply creates it"},
		{"a reader where nothing is", func(*testing.T, string) {}, sqlite.Options{ReadOnly: true}, ledger.ErrMissing, "restore it"},
		{"a plan with an empty file", func(t *testing.T, path string) { write(t, path, nil) }, sqlite.Options{MustExist: true}, ledger.ErrMissing, "does not exist"},
		{"a reader with an empty file", func(t *testing.T, path string) { write(t, path, nil) }, sqlite.Options{ReadOnly: true}, ledger.ErrMissing, "does not exist"},
		{"another database", func(t *testing.T, path string) { raw(t, path, "CREATE TABLE users (name TEXT)") }, sqlite.Options{}, ledger.ErrForeign, "name another file"},
		{"another database, read only", func(t *testing.T, path string) { raw(t, path, "CREATE TABLE users (name TEXT)") }, sqlite.Options{ReadOnly: true}, ledger.ErrForeign, "name another file"},
		{"a later schema", func(t *testing.T, path string) { create(t, path); raw(t, path, "PRAGMA user_version=2") }, sqlite.Options{}, ledger.ErrNewer, "version 2, this one knows up to 1"},
		{"a later schema, read only", func(t *testing.T, path string) { create(t, path); raw(t, path, "PRAGMA user_version=2") }, sqlite.Options{ReadOnly: true}, ledger.ErrNewer, "version 2"},
		{"no id", func(t *testing.T, path string) { create(t, path); raw(t, path, "DELETE FROM meta") }, sqlite.Options{}, nil, "lost the ledger's id"},
		{"text", func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("This is a diary, not a database. ", 200)))
		}, sqlite.Options{}, nil, "the ledger is damaged"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, sqlite.Options{}, nil, "a ledger is a file"},
		{"below a file", func(t *testing.T, path string) { write(t, filepath.Dir(path), []byte("x")) }, sqlite.Options{}, nil, "cannot be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sub", "ledger.db")
			if c.name != "below a file" && !errors.Is(c.want, ledger.ErrMissing) || strings.Contains(c.name, "empty file") {
				if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			c.prepare(t, path)
			before := listing(t, filepath.Dir(filepath.Dir(path)))
			l, err := sqlite.Open(t.Context(), path, c.opts)
			if err == nil {
				l.Close()
				t.Fatal("it opened")
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the message %q does not say %q", err, c.says)
			}
			if diff := cmp.Diff(before, listing(t, filepath.Dir(filepath.Dir(path)))); diff != "" {
				t.Errorf("files changed: %s", diff)
			}
		})
	}
}

// listing returns every file below dir, without those that SQLite keeps beside a
// database while it is open.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if !strings.HasSuffix(path, "-wal") && !strings.HasSuffix(path, "-shm") {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// create makes a ledger and closes it.
func create(t *testing.T, path string) {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenCreatesForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "odd % name?#&.db")
	l := open(t, path, sqlite.Options{})
	fill(t, l, "s", 1)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
}

func TestTheLastToCloseFoldsInTheLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	a, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, a, "s", 5)
	if _, err := b.Read(t.Context(), "s", 1); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("the log went while a handle was open: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Dir(path), path}, everything(t, filepath.Dir(path))); diff != "" {
		t.Error(diff)
	}
}

func everything(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{dir}, found...)
}

func TestManyCreateOneLedger(t *testing.T) {
	t.Parallel()
	for range 5 {
		path := filepath.Join(t.TempDir(), "new", "ledger.db")
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				defer l.Close()
				ids[i], _ = l.ID(t.Context())
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("ids %v", ids)
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	w := open(t, path, sqlite.Options{})
	want := fill(t, w, "s", 3)
	r := open(t, path, sqlite.Options{ReadOnly: true})
	got, err := r.Read(t.Context(), "s", 1)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := r.Append(t.Context(), "s", 3, entry(4)); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	err = r.SwapLease(t.Context(), ledger.Lease{Name: "l"}, ledger.Lease{Name: "l", Holder: "h", Fence: 1})
	if !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("swap: %v", err)
	}
	if _, err := ledger.Verify(t.Context(), r, ledger.VerifyOptions{}); err != nil {
		t.Errorf("verify: %v", err)
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{BusyTimeout: 100 * time.Millisecond})
	patient := open(t, path, sqlite.Options{})
	release := lock(t, path)

	start := clock.System{}.Now()
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("append beside a lock: %v", err)
	}
	if took := (clock.System{}).Now().Sub(start); took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("it waited %s, and was to wait 100 ms", took)
	}
	if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != 0 {
		t.Errorf("a reader waits for no writer: %v, %v", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := patient.Append(ctx, "s", 0, entry(1)); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("append beside a lock with a deadline: %v", err)
	}
	done := make(chan error)
	go func() {
		_, err := patient.Append(t.Context(), "s", 0, entry(1))
		done <- err
	}()
	release()
	if err := <-done; err != nil {
		t.Errorf("append after the lock: %v", err)
	}
	if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}
