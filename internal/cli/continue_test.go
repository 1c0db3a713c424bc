package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// A scheduled job takes one step at a time, and whoever waits sees the end.
func TestContinueStepByStep(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	r := w.expect(Done, "continue", "checkout/production", "--wait", "step")
	contains(t, r.out, "Rollout 2 of checkout/production is not finished: progressing, 10 %, step 2 of 3, next look at 2026-", "by whoever applies next.", "The target goes back by itself at 2026-")
	r = w.expect(Done, "continue", "checkout/production", "--wait", "started", "--json")
	var out outcomeJSON
	if err := json.Unmarshal([]byte(r.out), &out); err != nil || out.Result != "open" || out.Rollout == nil {
		t.Fatalf("%v: %s", err, r.out)
	}
	w.asleep = func() { w.expect(Done, "continue", "--all") }
	r = w.expect(Done, "wait", "checkout/production")
	contains(t, r.errors, "checkout/production: ", "step 2 of 3", "Nobody drives rollout 2")
	w.serves("1.1.1")
	contains(t, w.expect(Done, "continue", "--all").out, "No rollout is open.")
}

func TestContinueForALimitedTime(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	began := w.clock.Now()
	contains(t, w.expect(Done, "continue", "checkout/production", "--at-most", "40s").out, "is not finished")
	if took := w.clock.Now().Sub(began); took > 40*time.Second || took < 20*time.Second {
		t.Errorf("it took %s", took)
	}
	w.env["SLUICE_WAIT_AT_MOST"] = "soon"
	contains(t, w.expect(BadUsage, "continue", "checkout/production").errors, "SLUICE_WAIT_AT_MOST: ")
	w.env["SLUICE_WAIT_AT_MOST"] = "30s"
	contains(t, w.expect(Done, "continue", "--all").out, "is not finished")
}

func TestContinueRefusesWhatItDoesNotTake(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	contains(t, w.expect(BadUsage, "continue").errors, "RELEASE is missing", "sluice continue --all")
	contains(t, w.expect(BadUsage, "continue", "checkout/production", "--all").errors, "cannot be given together")
	contains(t, w.expect(BadUsage, "continue", "--all", "--wait", "briefly").errors, `"briefly" is not a wait`, "complete, step, started")
	contains(t, w.expect(BadUsage, "continue", "--all", "--at-most", "5").errors, "--at-most: ", "has no unit")
}

// What somebody else drives is left to them, and they are named.
func TestContinueLeavesToOthersWhatTheyDrive(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	free := w.keptAlive("agent 4711")
	contains(t, w.expect(Done, "continue", "checkout/production", "--wait", "step").out, "is driven by agent 4711, who goes on")
	contains(t, w.expect(Done, "continue", "--all").out, "checkout/production is driven by agent 4711, who goes on.")
	var all []continuedJSON
	r := w.expect(Done, "continue", "--all", "--json")
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 1 || all[0].Result != resultDriven || all[0].Driver != "agent 4711" {
		t.Fatalf("%v: %s", err, r.out)
	}
	contains(t, w.expect(Failed, "continue", "checkout/production").errors, "Unable to drive checkout/production: somebody else drives it", "agent 4711 holds the lease", "and renewed it while this run looked", "sluice abort checkout/production")
	free()
}

// No job goes green on a release that went back.
func TestARollbackInAJobIsItsExitCode(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(bad, 1)
	r := w.expect(RolledBack, "continue", "--all", "--wait", "step")
	contains(t, r.out+r.errors, "Rollout 2 of checkout/production rolled back; 1.0.0 serves.", "1 of 1 open rollouts did not go well")
	w.expect(RolledBack, "wait", "checkout/production")
	w.serves("1.0.0")
}

func TestTheWorstOfManyIsTheExitCode(t *testing.T) {
	back := continuedJSON{err: &release.EndedError{Outcome: release.Outcome{Result: release.WentBack}}}
	blocked := continuedJSON{err: &release.BlockedError{}}
	failed := continuedJSON{err: errAway}
	for _, c := range []struct {
		all  []continuedJSON
		want int
	}{
		{nil, Done}, {[]continuedJSON{{}}, Done}, {[]continuedJSON{{}, blocked}, Blocked},
		{[]continuedJSON{back, blocked}, RolledBack}, {[]continuedJSON{back, failed, {}}, Failed},
	} {
		if got := ExitCode(worst(c.all)); got != c.want {
			t.Errorf("%d, want %d", got, c.want)
		}
	}
}

// A driver that was killed a moment ago is not said to live, and a run that cannot wait for
// its lease to end says when it does.
func TestADriverThatMayBeGoneIsNotSaidToLive(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.held("ci@acme 4711")
	ctx, stop := context.WithCancel(t.Context())
	a, errs := w.app(), &bytes.Buffer{}
	a.stderr, a.clock = errs, waiting{w.clock, w}
	w.asleep = func() { w.asleep = stop }
	if code := a.run(ctx, []string{"continue", "checkout/production"}); code != Failed {
		t.Errorf("exit code %d", code)
	}
	contains(t, errs.String(), "Unable to drive checkout/production: somebody else may still drive it", "ci@acme 4711 holds the lease",
		"and did not renew it in the 6s in which this run looked", "where that process is gone: try again in 24s, when its lease has ended")
}
