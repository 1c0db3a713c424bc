//go:build unix

package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

var errFull = ledger.ErrFull

const (
	// mostAppends bounds how many find room on a disk that has none.
	mostAppends = 5000
	// refusals is how many are to be refused.
	refusals = 5
	// longest bounds a call.
	longest = 20 * time.Second
)

// filler is who fills a ledger, and what it was told.
type filler struct {
	*testing.T
	disk
	// told are the records that were acknowledged, of one stream.
	told []ledger.Record
}

// fillUp plays a disk that gets full and empty again. It gives how many appends were
// refused.
func fillUp(t *testing.T, d disk) (refused int) {
	f := &filler{T: t, disk: d}
	l := f.open()
	for range 3 {
		if err := f.append(l); err != nil {
			t.Fatal(err)
		}
	}
	f.must(d.fill())
	for n := 0; refused < refusals; n++ {
		err := f.append(l)
		switch {
		case n == mostAppends:
			t.Fatalf("%d appends found room on a disk that has none", n)
		case err != nil:
			refused++
			if d.says != nil && !errors.Is(err, d.says) {
				t.Errorf("refused with %v, not as %v", err, d.says)
			}
		}
	}
	// Whoever looks meanwhile sees what there is, also who comes anew.
	f.check(l)
	f.check(f.open())
	if d.exhaust != nil {
		d.exhaust()
		if err := f.append(l); err == nil {
			t.Error("an append was acknowledged whose log had no room")
		}
	}
	f.must(d.free())
	if d.revive != nil {
		f.must(d.revive())
	}
	// Who has held on goes on, and so does who comes anew. Of what was refused nothing is there.
	for range 3 {
		f.settle(l)
		f.settle(f.open())
	}
	f.check(l)
	t.Logf("%d records, %d refused", len(f.told), refused)
	return refused
}

func (f *filler) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *filler) open() ledger.Ledger {
	f.Helper()
	l, err := all.Open(f.Context(), f.url, all.Options{})
	if err != nil {
		f.Fatalf("opening: %v", err)
	}
	f.Cleanup(func() { _ = l.Close() })
	return l
}

// append adds the next record, large enough to need room of its own.
func (f *filler) append(l ledger.Ledger) error {
	ctx, cancel := context.WithTimeout(f.Context(), longest)
	defer cancel()
	n := len(f.told)
	// PostgreSQL would squeeze what repeats.
	body := strings.Builder{}
	for i := range 300 {
		fmt.Fprintf(&body, "%x", uint64(i+1)*uint64(n+1)*0x9e3779b97f4a7c15)
	}
	rec, err := l.Append(ctx, "proof/full", uint64(n), ledger.Entry{
		ID: fmt.Sprintf("e%d", n), Kind: "proof.entry", At: time.Date(2026, 3, 1, 0, 0, n, 0, time.UTC), Actor: "proof",
		Body: fmt.Appendf(nil, `{"text":%q}`, body.String()),
	})
	if err == nil {
		f.told = append(f.told, rec)
	}
	return err
}

// settle appends what was refused last once more; of a connection that died meanwhile
// the outcome is unknown once.
func (f *filler) settle(l ledger.Ledger) {
	f.Helper()
	if err := f.append(l); err != nil {
		f.Logf("once: %v", err)
		f.must(f.append(l))
	}
}

// check wants exactly what was acknowledged, in a chain that holds.
func (f *filler) check(l ledger.Ledger) {
	f.Helper()
	got, err := l.Read(f.Context(), "proof/full", 1)
	if err != nil {
		f.Errorf("reading: %v", err)
		return
	}
	if diff := cmp.Diff(f.told, got); diff != "" {
		f.Errorf("what is there is not what was acknowledged: %s", diff)
	}
	if _, err := ledger.Verify(f.Context(), l, ledger.VerifyOptions{}); err != nil {
		f.Errorf("verify: %v", err)
	}
}
