package release_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// wantBehind wants the run to be refused because the ledger lacks records, with nothing
// changed at the target.
func wantBehind(t *testing.T, w *world, before int, err error) {
	t.Helper()
	var behind *release.BehindError
	if !errors.As(err, &behind) || target.CodeOf(err) != target.CodeStaleFence || behind.Seen < behind.Given && behind.Err == nil {
		t.Fatalf("%v, want *BehindError", err)
	}
	if len(w.changes) != before {
		t.Fatalf("the target was changed: %v", w.changes[before:])
	}
}

// A ledger that lacks the last lease gives the very fence next that its target saw last.
// Nothing is opened by it, however often somebody tries, until it is bound anew.
func TestAFenceThatTheTargetHasSeenIsNotGivenTwice(t *testing.T) {
	for _, ahead := range []uint64{2, 6} {
		w := upgrade(t)
		ship(t, w, old)
		ship(t, w, good)
		w.machine.State.Fence += ahead
		before, opened := len(w.changes), len(fold(t, w).Rollouts)
		for range 5 {
			_, err := w.engine("a", nil).Ship(t.Context(), request(payload("1.0.3")))
			wantBehind(t, w, before, err)
			_, err = w.engine("a", nil).Back(t.Context(), key, release.BackRequest{Reason: "an old record"})
			wantBehind(t, w, before, err)
		}
		if h := fold(t, w); len(h.Quarantine) > 0 {
			t.Fatalf("a rollback that was refused has quarantined %v", h.Quarantine)
		}
		if h := fold(t, w); len(h.Rollouts) != opened || h.Behind == nil {
			t.Fatalf("%d rollouts were opened, %+v is recorded", len(h.Rollouts)-opened, h.Behind)
		}
		if err := ledger.Rebind(t.Context(), w.ledger, "", "restored", "kim", w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		ship(t, w, payload("1.0.3"))
	}
}

// Whoever takes an open rollout up does not go forward under such a fence either.
func TestAnOpenRolloutIsNotDrivenUnderAFenceSeenBefore(t *testing.T) {
	for _, left := range []string{release.KindOpened, release.KindTick} {
		w := upgrade(t)
		e, ctx := w.engine("a", nil), t.Context()
		ctx, leave := context.WithCancel(ctx)
		e.Hooks.Recorded = func(r release.Recorded) {
			if r.Kind == left {
				leave()
			}
		}
		if out, _ := e.Ship(ctx, patient(good)); out.Result != release.Underway {
			t.Fatal(out.Result)
		}
		lease, err := w.ledger.Lease(t.Context(), key.LeaseName())
		if err != nil {
			t.Fatal(err)
		}
		w.machine.State.Fence = lease.Fence + 2
		before := len(w.changes)
		for range 3 {
			w.clock.Advance(time.Second)
			_, err := w.engine("b", nil).Continue(t.Context(), key)
			wantBehind(t, w, before, err)
			if _, text := release.Explain(err, key, good); !strings.Contains(text, "sluice ledger rebind --reason") {
				t.Errorf("it does not say what to do:\n%s", text)
			}
		}
		if err := ledger.Rebind(t.Context(), w.ledger, "", "restored", "kim", w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		out, err := w.engine("b", nil).Continue(t.Context(), key)
		wantEnd(t, out, err, release.Shipped)
	}
}

// A release that was renamed, or that takes a target over from another one, goes on above
// the fences of the other lease.
func TestARenamedReleaseGoesOnAboveItsFormerFences(t *testing.T) {
	for name, first := range map[string]artifact.Payload{"by a rollout": old, "by what serves": payload("1.0.5")} {
		t.Run(name, func(t *testing.T) { renamed(t, first) })
	}
}

// renamed renames a release again and again; each time it is at first to be this payload.
func renamed(t *testing.T, first artifact.Payload) {
	w := upgrade(t)
	names := []string{"checkout", "basket", "checkout"}
	for i, next := range []string{"basket", "checkout", "basket"} {
		for _, p := range []string{"1.0.3", "1.0.4", "1.0.5"} {
			req := request(payload(p))
			req.Spec.Service = names[i]
			if _, err := w.engine("a", nil).Ship(t.Context(), req); err != nil {
				t.Fatalf("%s as %s: %v", p, names[i], err)
			}
		}
		former := release.Key{Service: names[i], Environment: key.Environment}
		if err := w.engine("a", nil).Release(t.Context(), former, owner, "renamed"); err != nil {
			t.Fatal(err)
		}
		req := request(first)
		req.Spec.Service, req.PreviousName = next, &former
		if _, err := w.engine("a", nil).Ship(t.Context(), req); err != nil {
			t.Fatalf("from %s to %s: %v", names[i], next, err)
		}
		if i == 1 {
			plan, err := w.engine("a", nil).PlanBack(t.Context(), release.Key{Service: next, Environment: key.Environment})
			if err != nil || slices.ContainsFunc(plan.Rehearsal.Lines, func(l gate.Finding) bool { return strings.Contains(l.Reason, string(target.CodeStaleFence)) }) {
				t.Fatalf("the dry run as %s: %v, %+v", next, err, plan.Rehearsal.Lines)
			}
			if _, err := w.engine("a", nil).Back(t.Context(), release.Key{Service: next, Environment: key.Environment}, release.BackRequest{Reason: "slow"}); err != nil {
				t.Fatalf("back as %s: %v", next, err)
			}
		}
	}
}
