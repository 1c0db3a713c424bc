package diags

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// TestWhatEachObjectMeetsIsToldOnce: in full where it is told first, and in a line that
// names that one elsewhere; the same object is told the same again.
func TestWhatEachObjectMeetsIsToldOnce(t *testing.T) {
	var once Once
	moved := &ledger.SealedError{Sealing: ledger.Sealing{To: "s3://acme-sluice/payments", Done: true}}
	say := func(name string) string {
		_, detail := Unable("read", "environment", name, fmt.Errorf("opening: %w", once.Mark(moved)))
		return detail
	}
	full := say("production")
	if !strings.Contains(full, "What to do: ") || !strings.Contains(full, "s3://acme-sluice/payments") {
		t.Errorf("the first is told as %q", full)
	}
	short := say("staging")
	if want := "What to do is said once, under: Unable to read environment production."; !strings.HasSuffix(short, want) || strings.Contains(short, "\n") {
		t.Errorf("the second is told as %q", short)
	}
	if say("production") != full {
		t.Error("the same object is told less the second time")
	}
	var other Once
	if _, detail := Unable("read", "environment", "staging", other.Mark(moved)); !strings.Contains(detail, "What to do: ") {
		t.Errorf("another provider's first is told as %q", detail)
	}
	if once.Mark(nil) != nil {
		t.Error("nothing is an error")
	}
}

// TestOneOfManyAtOnceIsToldInFull, whichever that is.
func TestOneOfManyAtOnceIsToldInFull(t *testing.T) {
	var once Once
	var mu sync.Mutex
	var all sync.WaitGroup
	full := 0
	for i := range 50 {
		all.Go(func() {
			_, detail := Unable("plan", "release", fmt.Sprint("s", i, "/production"), once.Mark(&ledger.SealedError{}))
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(detail, "What to do: ") {
				full++
			}
		})
	}
	all.Wait()
	if full != 1 {
		t.Errorf("%d are told in full", full)
	}
}
