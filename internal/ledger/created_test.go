package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

func TestCheckIDAndRebind(t *testing.T) {
	t.Parallel()
	lost, fresh := mem.New(epoch), mem.New(epoch)
	old, err := lost.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, err := fresh.ID(t.Context())
	if err != nil || id == old {
		t.Fatalf("%s and %s, %v", id, old, err)
	}
	if err := ledger.CheckID(t.Context(), fresh, id); err != nil {
		t.Errorf("its own id: %v", err)
	}
	err = ledger.CheckID(t.Context(), fresh, old)
	if !errors.Is(err, ledger.ErrOtherLedger) || !strings.Contains(err.Error(), old) {
		t.Errorf("another's id: %v", err)
	}
	if _, remedy := ledger.Words(err); !strings.Contains(remedy, "sluice ledger rebind --from "+old+" --reason") {
		t.Errorf("what to do about it: %s", remedy)
	}
	check(t, ledger.Rebind(t.Context(), fresh, old, "", "ops@acme", epoch), "say why")
	for range 2 {
		if err := ledger.Rebind(t.Context(), fresh, old, "the disk died", "ops@acme", epoch); err != nil {
			t.Fatal(err)
		}
	}
	if err := ledger.CheckID(t.Context(), fresh, old); err != nil {
		t.Errorf("after rebinding: %v", err)
	}
	records, err := fresh.Read(t.Context(), ledger.LedgerStream, 1)
	if err != nil || len(records) != 2 || records[1].Kind != ledger.KindRebound {
		t.Errorf("%d records, %v", len(records), err)
	}
	if err := ledger.CheckID(t.Context(), fresh, "third"); !errors.Is(err, ledger.ErrOtherLedger) {
		t.Errorf("a third: %v", err)
	}
}

// TestFencesOfAReboundLedgerGoOnAboveTheLostOnes: a target refuses a fence that is
// smaller than one it has seen, a rollback's too.
func TestFencesOfAReboundLedgerGoOnAboveTheLostOnes(t *testing.T) {
	t.Parallel()
	lost := mem.New(epoch)
	var last ledger.Lease
	for range 3 {
		last = acquire(t, &ledger.Leaser{Ledger: lost, Clock: clock.NewFake(epoch), Holder: "a"})
		if err := lost.SwapLease(t.Context(), last, ledger.Lease{Name: "x", Fence: last.Fence}); err != nil {
			t.Fatal(err)
		}
	}
	for what, from := range map[string]string{"by its id": "6f1c2d3e-0000-4000-8000-000000000000", "without its id": ""} {
		fresh := mem.New(epoch)
		a := &ledger.Leaser{Ledger: fresh, Clock: clock.NewFake(epoch), Holder: "a"}
		// Taken before it was bound: an old ledger that is put in the lost one's place.
		mine := acquire(t, a)
		if mine.Fence >= last.Fence {
			t.Fatalf("fence %d before the binding", mine.Fence)
		}
		if err := ledger.Rebind(t.Context(), fresh, from, "the disk died", "ops@acme", epoch); err != nil {
			t.Fatal(err)
		}
		if err := a.Release(t.Context(), mine); err != nil {
			t.Fatal(err)
		}
		got := acquire(t, a)
		if got.Fence <= last.Fence {
			t.Errorf("%s: acquired with fence %d, and the lost ledger gave %d", what, got.Fence, last.Fence)
		}
		b := &ledger.Leaser{Ledger: fresh, Clock: clock.NewFake(epoch), Holder: "b"}
		taken, err := b.Take(t.Context(), "y", ttl)
		if err != nil || taken.Fence <= last.Fence {
			t.Errorf("%s: taken with fence %d, %v", what, taken.Fence, err)
		}
		if next, err := b.Take(t.Context(), "x", ttl); err != nil || next.Fence != got.Fence+2 {
			t.Errorf("%s: then %d, %v, want two more than %d", what, next.Fence, err, got.Fence)
		}
		// No state is taken for a ledger that nobody named.
		if err := ledger.CheckID(t.Context(), fresh, ""); !errors.Is(err, ledger.ErrOtherLedger) {
			t.Errorf("%s: an empty id: %v", what, err)
		}
		// It does not keep anybody from going back that this stream is damaged.
		fresh.Tamper(ledger.LedgerStream, 1, func(r *ledger.Record) { r.Actor = "you" })
		if _, err := b.Take(t.Context(), "z", ttl); err != nil {
			t.Errorf("%s: with a broken chain: %v", what, err)
		}
	}
}

func TestErrorsSayWhich(t *testing.T) {
	t.Parallel()
	cause := errors.New("page 7")
	corrupt := &ledger.CorruptError{Stream: "release/a/b", Seq: 3, Reason: "it cannot be read", Err: cause}
	for err, want := range map[error]string{
		&ledger.ConflictError{Stream: "s", After: 3, Last: 5}:                                "stream s ends at record 5, not at 3",
		&ledger.ConflictError{Stream: "s", Reused: true}:                                     "this id and other content",
		&ledger.FencedError{Lease: ledger.Lease{Name: "l", Holder: "b", Fence: 4}, Fence: 3}: `held by "b"; fence 3 is no longer valid`,
		&ledger.LeaseConflictError{Lease: ledger.Lease{Name: "l", Holder: "b", Fence: 4}}:    `the lease l is held by "b" at fence 4`,
		&ledger.HeldError{Lease: ledger.Lease{Name: "l", Holder: "b", Fence: 4}, Left: ttl}:  "it is free after 30s",
		corrupt: "record release/a/b#3 is not what was written: it cannot be read: page 7",
		&ledger.CorruptError{Reason: "no header"}: "the ledger is damaged: no header",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if !errors.Is(corrupt, cause) {
		t.Error("the cause is lost")
	}
}
