package copying_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// entry returns an ordinary entry, told from others by n.
func entry(n int) ledger.Entry {
	return ledger.Entry{
		ID: fmt.Sprintf("entry-%d", n), Kind: "rollout.opened", At: epoch.Add(time.Duration(n) * time.Second),
		Actor: "ci@acme", Service: "checkout", Environment: "production", Body: fmt.Appendf(nil, `{"n": %d}`, n),
	}
}

// place returns the URL of a place in a file where nothing is.
func place(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
}

func open(t testing.TB, url string, opts all.Options) ledger.Ledger {
	t.Helper()
	l, err := all.Open(context.Background(), url, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func source(t testing.TB, url string) ledger.Source {
	t.Helper()
	s, ok := open(t, url, all.Options{}).(ledger.Source)
	if !ok {
		t.Fatal("it cannot be moved")
	}
	return s
}

func destination(t testing.TB, url, id string) ledger.Destination {
	t.Helper()
	d, ok := open(t, url, all.Options{CopyOf: id}).(ledger.Destination)
	if !ok {
		t.Fatal("it cannot be a copy")
	}
	return d
}

func idOf(t testing.TB, l ledger.Ledger) string {
	t.Helper()
	id, err := l.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func push(t testing.TB, l ledger.Ledger, stream string, after uint64, e ledger.Entry) ledger.Record {
	t.Helper()
	r, err := l.Append(t.Context(), stream, after, e)
	if err != nil {
		t.Fatalf("Append(%s, %d): %v", stream, after, err)
	}
	return r
}

// fill makes what a ledger in use has: releases with leases, objects that were deleted,
// names of every kind, a checkpoint.
func fill(t testing.TB, l ledger.Ledger) {
	t.Helper()
	ctx := t.Context()
	leaser := &ledger.Leaser{Ledger: l, Clock: clock.NewFake(epoch), Holder: "ci@acme 4711"}
	lease, err := leaser.Acquire(ctx, "release/checkout/production", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 7 {
		e := entry(n)
		e.Lease, e.Fence = lease.Name, lease.Fence
		push(t, l, "release/checkout/production", uint64(n), e)
	}
	for i, name := range []string{"../../etc/passwd", "ü/😀", "a b", "release/orders/production"} {
		push(t, l, name, 0, entry(i))
	}
	put := ledger.Put{Kind: "window", Name: "black-friday", Content: json.RawMessage(`{"kind": "freeze"}`), Actor: "kim@acme", At: epoch}
	if _, err := ledger.PutObject(ctx, l, put); err != nil {
		t.Fatal(err)
	}
	if err := ledger.DeleteObject(ctx, l, ledger.Delete{Kind: "window", Name: "black-friday", Expected: 1, Actor: "kim@acme", At: epoch}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Checkpoint(ctx, l, "kim@acme", epoch); err != nil {
		t.Fatal(err)
	}
}

// contents is every record, by stream, and every lease.
func contents(t testing.TB, l ledger.Ledger) (map[string][]ledger.Record, []ledger.Lease) {
	t.Helper()
	heads, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]ledger.Record{}
	for _, h := range heads {
		if out[h.Stream], err = l.Read(t.Context(), h.Stream, 1); err != nil {
			t.Fatal(err)
		}
	}
	leases, err := l.(ledger.Source).EveryLease(t.Context(), "") //nolint:forcetypeassert // Every driver is one.
	if err != nil {
		t.Fatal(err)
	}
	return out, leases
}

// move is a copy from one place to another.
func move(t testing.TB, from, to string) *copying.Copy {
	t.Helper()
	s := source(t, from)
	return &copying.Copy{
		From: s, To: destination(t, to, idOf(t, s)), FromPlace: from, ToPlace: to,
		Actor: "kim@acme", Clock: clock.NewFake(epoch.Add(time.Hour)), Batch: 3,
	}
}

// moved holds what must be true once a ledger was moved from one place to another.
func moved(t *testing.T, from, to string, res copying.Result) {
	t.Helper()
	old, now := source(t, from), source(t, to)
	if idOf(t, old) != idOf(t, now) || res.Ledger != idOf(t, now) {
		t.Error("it has another UUID")
	}
	want, wantLeases := contents(t, old)
	got, gotLeases := contents(t, now)
	own := got[ledger.LedgerStream][len(want[ledger.LedgerStream]):]
	if len(own) != 1 || own[0].Kind != ledger.KindMoved {
		t.Errorf("the ledger's own records of the move are %+v", own)
	}
	for _, stream := range []string{ledger.LedgerStream, ledger.CheckpointStream} {
		got[stream] = got[stream][:len(want[stream])]
	}
	if len(want[ledger.CheckpointStream]) == 0 {
		delete(got, ledger.CheckpointStream)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-source +copy):\n%s", diff)
	}
	if diff := cmp.Diff(wantLeases, gotLeases); diff != "" {
		t.Errorf("leases (-source +copy):\n%s", diff)
	}
	if _, err := ledger.VerifyAgainst(t.Context(), now, res.Anchor, ledger.VerifyOptions{}); err != nil {
		t.Errorf("the copy: %v", err)
	}
	if _, err := ledger.Verify(t.Context(), old, ledger.VerifyOptions{}); err != nil {
		t.Errorf("the source: %v", err)
	}
	records := 0
	for _, list := range want {
		records += len(list)
	}
	if res.Streams != len(want) || res.Records != uint64(records) || res.Leases != len(wantLeases) {
		t.Errorf("it says %d streams, %d records, %d leases and there are %d, %d, %d", res.Streams, res.Records, res.Leases, len(want), records, len(wantLeases))
	}
	wantSealed(t, old, to)
	push(t, now, "release/checkout/production", uint64(len(got["release/checkout/production"])), entry(99))
}

// wantSealed fails unless the ledger takes nothing and says where it went.
func wantSealed(t *testing.T, l ledger.Source, to string) {
	t.Helper()
	heads, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	// Each stream, since a seal that was cut short may have reached some only.
	ends := map[string]uint64{"new": 0}
	for _, h := range heads {
		ends[h.Stream] = h.Seq
	}
	for name, after := range ends {
		// One that no writer has made: an append that is repeated has its answer.
		_, err := l.Append(t.Context(), name, after, entry(1_000_000))
		var sealed *ledger.SealedError
		if !errors.As(err, &sealed) || sealed.Sealing.To != to || !sealed.Sealing.Done {
			t.Errorf("append to %s of the source: %v", name, err)
		}
	}
	if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: "window", Name: "w", Content: json.RawMessage(`{}`), Actor: "a", At: epoch}); err == nil {
		t.Error("the source takes objects")
	}
	again := entry(6)
	again.Lease, again.Fence = "release/checkout/production", ledger.NextFence(ledger.Lease{}, 0)
	if r, err := l.Append(t.Context(), "release/checkout/production", 6, again); err != nil || r.Seq != 7 {
		t.Errorf("a repeated append: %d, %v", r.Seq, err)
	}
}

func TestMove(t *testing.T) {
	from, to := place(t), place(t)
	fill(t, source(t, from))
	res, err := move(t, from, to).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moved(t, from, to, res)
}
