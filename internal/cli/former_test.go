package cli

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// renames lets go of one service and releases a payload by another, as an apply does of a
// configuration in which the service has another name. from is what its previous_name says.
func (w *world) renames(service, to string, p artifact.Payload, from *release.Key) release.Outcome {
	w.t.Helper()
	l, err := ledgers.Open(w.t.Context(), ledgers.Default(), ledgers.Options{Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	a := w.app()
	a.actorName = "ci@acme"
	if err := a.engine(l).Release(w.t.Context(), release.Key{Service: service, Environment: key.Environment}, owner, "renamed"); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	wish := spec(p)
	wish.Service = to
	out, err := a.engine(l).Ship(w.t.Context(), release.ShipRequest{Spec: wish, Owner: owner, PreviousName: from})
	if err != nil {
		w.t.Fatalf("%s as %s: %v", p.Label(), to, err)
	}
	return out
}

func TestARenamedReleaseShowsWhatItDidByItsFormerName(t *testing.T) {
	w := toldWorld(t)
	w.renames("checkout", "cart", good, &key)
	golden(t, "renamed-status.txt", w.expect(Done, "status").out)
	golden(t, "renamed-history.txt", w.expect(Done, "history", "cart/production").out)
	contains(t, w.expect(Done, "status", "cart/production").out, "none, renamed", "cart/production was checkout/production before", "sluice history checkout/production")
	contains(t, w.expect(Failed, "explain", "cart/production/3").errors, "cart/production has no rollout 3", "before it was checkout/production: sluice explain checkout/production/3")
	contains(t, w.expect(Failed, "history", "cart/production", "--rollout", "9").errors, "it has had 0 rollouts")

	var h historyJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "history", "cart/production", "--json").out), &h); err != nil {
		t.Fatal(err)
	}
	if len(h.Formers) != 1 || !h.Formers[0].CarriedOver || len(h.Formers[0].Rollouts) != 3 || h.Formers[0].Rollouts[0].Rollout != "checkout/production/3" {
		t.Errorf("formers: %+v", h.Formers)
	}
	var s statusJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "status", "--json").out), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Releases) != 2 || len(s.Releases[0].Formers) != 1 || s.Releases[0].Formers[0].Release != "checkout/production" || s.Releases[1].Formers != nil {
		t.Errorf("formers: %+v", s.Releases)
	}
	// It goes back to what it had by the former name, and the old name keeps its record.
	w.expect(Done, "rollback", "cart/production", "--reason", "slow")
	w.serves("1.0.0")
	contains(t, w.expect(Done, "history", "cart/production").out, "rollback", "sluice history cart/production --rollout 1", "sluice history checkout/production --rollout 3")
	contains(t, w.expect(Done, "status").out, "1: succeeded")
}

func TestAnArtifactOfTheFormerNameMayBeQuarantined(t *testing.T) {
	for name, from := range map[string]*release.Key{"carried over": &key, "not carried over": nil} {
		t.Run(name, func(t *testing.T) {
			w := toldWorld(t)
			w.expect(Done, "quarantine", "lift", "checkout/production", "--reason", "it was the database")
			w.renames("checkout", "cart", good, from)
			// It never succeeded, so no list of what did has it.
			contains(t, w.expect(Done, "quarantine", "add", "cart/production", "1.2.2", "--reason", "corrupts baskets").out, "Quarantined in cart/production: 1.2.2")
			contains(t, w.expect(BadUsage, "quarantine", "add", "cart/production", "7.7.7", "--reason", "corrupts baskets").errors, `"7.7.7" is no artifact that cart/production has had`, "1.0.0", "1.1.1", "1.2.2")
		})
	}
}

func TestAReleaseThatWasNotToldItsFormerNameSaysWhoseTargetItHas(t *testing.T) {
	w := toldWorld(t)
	out := w.renames("checkout", "cart", good, nil)
	const told = `checkout/production had this target before cart/production did, and has an artifact in quarantine; where it is the same release under another name, previous_name = "checkout/production" carries its history and quarantine over`
	if len(out.Warnings) != 1 || out.Warnings[0] != told {
		t.Errorf("the apply warns %q", out.Warnings)
	}
	contains(t, w.expect(Done, "status", "cart/production").out, "none, adopted", "Formerly", told, "sluice history checkout/production")
	contains(t, w.expect(Done, "history", "cart/production").out, "cart/production has had no rollout by this name; 1.1.1 served when it got it", told, "1.1.1 -> 1.2.2")
	for _, args := range [][]string{{"--dry-run"}, {"--reason", "slow"}} {
		contains(t, w.expect(Failed, append([]string{"rollback", "cart/production"}, args...)...).errors, "there is nothing to go back to", told)
	}
	// What the warning says is true.
	wish := spec(good)
	wish.Service = "cart"
	l, err := ledgers.Open(t.Context(), ledgers.Default(), ledgers.Options{Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := w.app().engine(l).Ship(t.Context(), release.ShipRequest{Spec: wish, Owner: owner, PreviousName: &key}); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Done, "quarantine", "list", "cart/production").out, "cart/production  1.2.2")
	contains(t, w.expect(Done, "rollback", "cart/production", "--dry-run").out, "from 1.1.1 to 1.0.0")
}
