package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// lock takes the right to write away until the function returned is called.
func lock(t *testing.T, path string) func() {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_txlock=immediate&_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{})
	want := fill(t, l, "s", 2)
	l.LimitPages(t, 40)
	big := entry(3)
	big.Body = []byte(`{"big":"` + strings.Repeat("x", 1<<20) + `"}`)
	if _, err := l.Append(t.Context(), "s", 2, big); !errors.Is(err, ledger.ErrFull) {
		t.Fatalf("got %v", err)
	}
	got, err := l.Read(t.Context(), "s", 1)
	if err != nil || len(got) != len(want) {
		t.Errorf("%d records, %v", len(got), err)
	}
	// What still fits goes in, beside one that does not, too.
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if _, err := l.Append(t.Context(), "t", 0, big); !errors.Is(err, ledger.ErrFull) {
				t.Errorf("the big one: %v", err)
			}
		})
		wg.Go(func() {
			if _, err := l.Append(t.Context(), fmt.Sprintf("small-%d", i), 0, entry(1)); err != nil {
				t.Errorf("the small one: %v", err)
			}
		})
	}
	wg.Wait()
	if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestAChangedSchemaIsReported(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{})
	fill(t, l, "s", 2)
	raw(t, path, "DROP INDEX record_at")
	_, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err == nil || !strings.Contains(err.Error(), "schema is not the one") {
		t.Errorf("got %v", err)
	}
}

func TestAChangedLeaseIsReported(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{})
	held := ledger.Lease{Name: "l", Holder: "a", Fence: 2}
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: "l"}, held); err != nil {
		t.Fatal(err)
	}
	raw(t, path, "UPDATE lease SET holder = 'b'")
	_, leaseErr := l.Lease(t.Context(), "l")
	_, verifyErr := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	for what, err := range map[string]error{"lease": leaseErr, "verify": verifyErr, "swap": l.SwapLease(t.Context(), held, held)} {
		var corrupt *ledger.CorruptError
		if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), "the lease l is not what was written") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestACallThatGivesUpWritesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{})
	release := lock(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	const callers = 6
	errs := make(chan error, callers)
	for i := range callers {
		go func() {
			_, err := l.Append(ctx, fmt.Sprintf("s%d", i), 0, entry(1))
			errs <- err
		}()
	}
	cancel()
	for range callers {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	release()
	heads, err := l.Heads(t.Context(), "s")
	if err != nil || len(heads) != 0 {
		t.Errorf("%d streams, %v", len(heads), err)
	}
	fill(t, l, "s", 1)
}

func TestOneWhoGivesUpDoesNotFailOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{})
	release := lock(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c := t.Context()
			if i%2 == 0 {
				c = ctx
			}
			_, err := l.Append(c, fmt.Sprintf("s%d", i), 0, entry(1))
			if i%2 == 1 && err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	cancel()
	release()
	wg.Wait()
	for i := 1; i < 8; i += 2 {
		if got, err := l.Read(t.Context(), fmt.Sprintf("s%d", i), 1); err != nil || len(got) != 1 {
			t.Errorf("stream %d: %v, %v", i, got, err)
		}
	}
}
