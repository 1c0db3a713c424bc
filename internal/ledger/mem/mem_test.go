package mem_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestConformance(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(*testing.T) ledger.Ledger { return mem.New(epoch) }, ledgertest.Options{
		Reopen: func(_ *testing.T, l ledger.Ledger) ledger.Ledger { return l.(*mem.Ledger).Handle() },
		Tamper: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			if !l.(*mem.Ledger).Tamper(stream, seq, func(r *ledger.Record) { r.Body = []byte(`{"n":"changed"}`) }) {
				t.Fatalf("no record %s#%d", stream, seq)
			}
		},
		Remove: func(_ *testing.T, l ledger.Ledger, stream string, seq uint64) { l.(*mem.Ledger).Remove(stream, seq) },
	})
}

func TestFault(t *testing.T) {
	t.Parallel()
	entry := ledger.Entry{ID: "a", Kind: "test.done", At: epoch, Actor: "me", Body: []byte(`{}`)}
	lost := errors.New("connection reset")
	for _, c := range []struct {
		name    string
		op      string
		phase   mem.Phase
		records int
		fence   uint64
	}{
		{"before an append nothing happens", "append", mem.Before, 0, 1},
		{"after an append the record is there", "append", mem.After, 1, 1},
		{"before a swap nothing happens", "swap_lease", mem.Before, 1, 0},
		{"after a swap the lease has changed", "swap_lease", mem.After, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			healthy := mem.New(epoch)
			faulty := healthy.Handle()
			var calls []string
			faulty.Fault = func(op string, phase mem.Phase) error {
				calls = append(calls, op+" "+string(phase))
				if op == c.op && phase == c.phase {
					return lost
				}
				return nil
			}
			_, appendErr := faulty.Append(t.Context(), "s", 0, entry)
			swapErr := faulty.SwapLease(t.Context(), ledger.Lease{Name: "l"}, ledger.Lease{Name: "l", Holder: "h", Fence: 1})
			if got := errors.Is(appendErr, lost); got != (c.op == "append") {
				t.Errorf("append: %v", appendErr)
			}
			if got := errors.Is(swapErr, lost); got != (c.op == "swap_lease") {
				t.Errorf("swap: %v", swapErr)
			}
			records, err := healthy.Read(t.Context(), "s", 1)
			if err != nil || len(records) != c.records {
				t.Errorf("%d records, %v", len(records), err)
			}
			lease, err := healthy.Lease(t.Context(), "l")
			if err != nil || lease.Fence != c.fence {
				t.Errorf("lease %+v, %v", lease, err)
			}
			if c.phase == mem.After && !slices.Contains(calls, c.op+" before") {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

func TestFaultIsNotAskedAfterARefusal(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	var calls []string
	l.Fault = func(op string, phase mem.Phase) error {
		calls = append(calls, op+" "+string(phase))
		return nil
	}
	_, err := l.Append(t.Context(), "s", 5, ledger.Entry{ID: "a", Kind: "test.done", At: epoch, Actor: "me", Body: []byte(`{}`)})
	if err == nil {
		t.Fatal("an append behind nothing passed")
	}
	if diff := cmp.Diff([]string{"append before"}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestCutLeavesNoTrace(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	for i, id := range []string{"a", "b", "c"} {
		if _, err := l.Append(t.Context(), "s", uint64(i), ledger.Entry{ID: id, Kind: "test.done", At: epoch, Actor: "me", Body: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	l.Cut("s", 2)
	got, err := l.Handle().Read(t.Context(), "s", 1)
	if err != nil || len(got) != 2 {
		t.Errorf("%d records, %v", len(got), err)
	}
}
