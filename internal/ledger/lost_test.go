package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// What a state has seen is missed in a ledger that was brought back from an older copy,
// until a person says that it is known.
func TestALostTailIsMissedByWhoeverHasSeenIt(t *testing.T) {
	const stream = "release/checkout/production"
	begun := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	add := func(l ledger.Ledger, n int, said string) ledger.Seen {
		e := ledger.Entry{ID: fmt.Sprint(said, n), Kind: "a.kind", At: begun.Add(time.Duration(n) * time.Hour), Actor: "anna", Body: []byte(`{}`)}
		r, err := l.Append(t.Context(), stream, uint64(n-1), e)
		if err != nil {
			t.Fatal(err)
		}
		return ledger.Seen{Head: ledger.Head{Stream: stream, Seq: r.Seq, Hash: r.Hash}, At: r.At}
	}
	l := mem.New(begun)
	if err := ledger.Rebind(t.Context(), l, "", "long ago", "anna", begun.Add(90*time.Minute)); err != nil {
		t.Fatal(err)
	}
	var all []ledger.Seen
	for n := 1; n <= 5; n++ {
		all = append(all, add(l, n, "first"))
	}
	end := all[4]
	for _, seen := range append([]ledger.Seen{{}, {Head: ledger.Head{Stream: "release/another/one", Seq: 9}}}, all...) {
		if err := ledger.CheckSeen(t.Context(), l, seen, end.Head); err != nil {
			t.Errorf("nothing is lost: %v", err)
		}
	}
	l.Cut(stream, 3)
	want := func(now ledger.Seen, text string) {
		t.Helper()
		err := ledger.CheckSeen(t.Context(), l, end, now.Head)
		var lost *ledger.LostError
		if !errors.As(err, &lost) || err.Error() != text {
			t.Errorf("%v, want %q", err, text)
		}
	}
	want(all[2], "record release/checkout/production#5 of 2026-03-02T14:00:00Z, which was seen before, is not there any more: the stream ends at 3")
	if err := ledger.CheckSeen(t.Context(), l, all[2], all[2].Head); err != nil {
		t.Errorf("whoever saw no more than is there misses nothing: %v", err)
	}
	var now ledger.Seen
	for n := 4; n <= 6; n++ {
		now = add(l, n, "second")
	}
	want(now, "record release/checkout/production#5 of 2026-03-02T14:00:00Z, which was seen before, is not there any more: another record stands in its place")
	if err := ledger.Rebind(t.Context(), l, "", "restored the backup of noon", "kim", begun.Add(7*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := ledger.CheckSeen(t.Context(), l, end, now.Head); err != nil {
		t.Errorf("a person knows of it: %v", err)
	}
}
