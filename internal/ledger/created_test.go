package ledger_test

import (
	"errors"
	"strings"
	"testing"

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
	if !errors.Is(err, ledger.ErrOtherLedger) || !strings.Contains(err.Error(), old) || !strings.Contains(err.Error(), "sluice ledger rebind") {
		t.Errorf("another's id: %v", err)
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
