package release_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/evidence"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// proved is a request whose artifact has evidence that is good for a while.
func proved(w *world, p artifact.Payload, status gate.Status, good time.Duration) release.ShipRequest {
	req := request(p)
	req.Spec.Evidence = []gate.Evidence{{Kind: gate.ScanEvidence, Digest: p.Digest(), Status: status, Reason: "the scan found something", ExpiresAt: w.clock.Now().Add(good).UTC().Format(time.RFC3339)}}
	return req
}

// Evidence decides whether a rollout begins, and is written down with it. What began
// ends, also when the evidence grows old on the way.
func TestEvidenceIsJudgedWhenARolloutBegins(t *testing.T) {
	w := generations(t, old)
	w.gates = []gate.Gate{evidence.New()}
	for _, req := range []release.ShipRequest{proved(w, good, gate.Unknown, time.Hour), proved(w, good, gate.Fail, time.Hour), proved(w, good, gate.Pass, 0)} {
		writes := w.writes
		_, err := w.engine("a", nil).Ship(t.Context(), req)
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) || blocked.Results[0].Gate != "evidence" || w.writes != writes {
			t.Fatalf("%+v: %v, %d writes", req.Spec.Evidence, err, w.writes-writes)
		}
	}
	out, err := w.engine("a", nil).Ship(t.Context(), proved(w, good, gate.Pass, 2*time.Second))
	wantEnd(t, out, err, release.Shipped)
	last := fold(t, w).Last()
	if len(last.Spec.Evidence) != 1 || last.Spec.Evidence[0].Digest != good.Digest() {
		t.Errorf("the ledger has %+v", last.Spec.Evidence)
	}
	if took := last.ClosedAt.Sub(last.OpenedAt); took <= 2*time.Second {
		t.Errorf("the rollout took %s, and its evidence did not expire on the way", took)
	}
}

// No evidence is asked for on the way back, nor for a repair: what served was judged
// before it did, and what was found of the other artifact says nothing of it.
func TestNoEvidenceIsAskedForOnTheWayBack(t *testing.T) {
	w := generations(t, old)
	w.gates = []gate.Gate{evidence.New()}
	out, err := w.engine("a", nil).Ship(t.Context(), proved(w, good, gate.Pass, time.Second))
	wantEnd(t, out, err, release.Shipped)
	w.deploy(t, 30)
	out, err = w.engine("a", nil).Repair(t.Context(), key)
	wantEnd(t, out, err, release.Shipped)
	if out.Rollout.Kind != release.Repair || len(out.Rollout.Spec.Evidence) > 0 {
		t.Errorf("%s with %+v", out.Rollout.Kind, out.Rollout.Spec.Evidence)
	}
	out, err = w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "customers complain"})
	if err != nil || out.Rollout == nil || out.Rollout.Kind != release.BackOut || len(out.Rollout.Spec.Evidence) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	wantServing(t, w, old)
}
