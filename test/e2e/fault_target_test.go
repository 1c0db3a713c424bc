package e2e

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func contractFault(f lab.ContractFault) lab.Faults { return lab.Faults{Contract: &f} }

// TestATargetThatFailsBeforeARollout wants nothing to be begun.
func TestATargetThatFailsBeforeARollout(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, c := range []struct {
		name  string
		fault lab.ContractFault
		says  []string
	}{
		{"unreachable", lab.ContractFault{Refuse: true}, []string{"no answer from 127.0.0.1", "see that something listens at http://127.0.0.1"}},
		{"401", lab.ContractFault{Status: 401}, []string{"the credentials were refused", `refer to a bearer token with token = { env = "DEPLOY_TOKEN" }`}},
		{"500", lab.ContractFault{Status: 500}, []string{"GET /v1/observation was answered with status 500", "look at the log of 127.0.0.1"}},
		{"slow", lab.ContractFault{DelayMS: 60_000}, []string{"no answer from 127.0.0.1", "it did not answer in time; see what keeps it, and that this machine can reach it"}},
		{"500 at the preflight", lab.ContractFault{Status: 500, Verbs: []string{"preflight"}}, []string{"the target could not say whether it is ready", "status 500"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.lab.Faults(contractFault(c.fault))
			out, err := s.ship()
			s.lab.Faults(lab.Faults{})
			if err == nil || out.Result != release.Unchanged {
				t.Fatalf("%s, %v", out.Result, err)
			}
			t.Log(explained(err, s.wish))
			says(t, explained(err, s.wish), append(c.says, "Unable to release checkout 1.1.0 to production", "nothing was changed", "What to do")...)
			if n := len(s.history().Rollouts); n != 1 {
				t.Errorf("%d rollouts", n)
			}
			s.serves(s.old)
		})
	}
}

// TestATargetThatFailsInARollout breaks the lab while a canary has a quarter of
// the traffic.
func TestATargetThatFailsInARollout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault lab.ContractFault
		// from is the record at which the fault begins, text is in its body; until is
		// the one at which it ends, if any.
		from, text, until string
		ends              release.Result
		// recorded is in the ledger's records, and says in the error.
		recorded, says []string
	}{
		{name: "unreachable for a while", fault: lab.ContractFault{Refuse: true}, from: release.KindOutcome, text: canary, until: "rollout.paused",
			ends: release.Shipped, recorded: []string{"the target could not be read: unavailable: no answer from 127.0.0.1"}},
		{name: "500 for a while", fault: lab.ContractFault{Status: 500, Verbs: []string{"traffic"}}, from: release.KindStepPassed, until: release.KindFailure,
			ends: release.Shipped, recorded: []string{"PUT /v1/traffic was answered with status 500"}},
		{name: "500 for good", fault: lab.ContractFault{Status: 500, Verbs: []string{"traffic"}}, from: release.KindStepPassed,
			ends: release.Broke, says: []string{"errored", "at 25 % (step 2 of 3)", "apply was refused by the target (unavailable): PUT /v1/traffic was answered with status 500; look at the log of 127.0.0.1", "What serves now 1.0.0 at 100 %"}},
		{name: "401", fault: lab.ContractFault{Status: 401, Verbs: []string{"traffic"}}, from: release.KindStepPassed,
			ends: release.Broke, says: []string{"errored", "apply was refused by the target (unauthorized): the credentials were refused", "DEPLOY_TOKEN", "What serves now 1.0.0 at 100 %", "this says nothing about the artifact"}},
		{name: "401 for the revert as well, for a while", fault: lab.ContractFault{Status: 401}, from: release.KindStepPassed, until: "rollout.rollback_failed",
			ends: release.Broke, says: []string{"errored", "the credentials were refused", "What serves now 1.0.0 at 100 %"}, recorded: []string{"revert was refused by the target (unauthorized)"}},
		{name: "slow for a while", fault: lab.ContractFault{DelayMS: 60_000, Verbs: []string{"traffic"}}, from: release.KindStepPassed, until: release.KindFailure,
			ends: release.Shipped, recorded: []string{"no answer from 127.0.0.1"}},
		{name: "the replies to the prepare are lost", fault: lab.ContractFault{DropReply: true, Verbs: []string{"prepare"}}, from: "rollout.preparing", until: release.KindFailure,
			ends: release.Shipped, recorded: []string{`"effect":"prepare"`, "no answer from 127.0.0.1", `"maybe_done":true`}},
		{name: "the replies to a weight are lost", fault: lab.ContractFault{DropReply: true, Verbs: []string{"traffic"}}, from: release.KindStepPassed, until: release.KindFailure,
			ends: release.Shipped, recorded: []string{`"effect":"apply"`, "no answer from 127.0.0.1", `"maybe_done":true`, `"resolved":true`}},
		{name: "the replies to the completion are lost", fault: lab.ContractFault{DropReply: true, Verbs: []string{"complete"}}, from: "rollout.completing", until: release.KindFailure,
			ends: release.Shipped, recorded: []string{`"effect":"complete"`, `"maybe_done":true`, `"resolved":true`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.spec.Strategy.Canary.Steps[1].AtMost = field.Duration(2 * time.Second)
			if c.until == release.KindFailure {
				s.spec.Strategy.Canary.Steps[1].AtMost = field.Duration(time.Minute)
			}
			s.at(c.from, c.text, func() { s.lab.Faults(contractFault(c.fault)) })
			if c.until != "" {
				s.at(c.until, "", func() { s.lab.Faults(lab.Faults{}) })
			}
			out, err := s.ship()
			s.lab.Faults(lab.Faults{})
			if out.Result != c.ends {
				t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
			}
			s.recorded(c.recorded...)
			if c.ends == release.Shipped {
				s.serves(s.wish)
				return
			}
			t.Log(explained(err, s.wish))
			says(t, explained(err, s.wish), append(c.says, "What to do")...)
			s.serves(s.old)
		})
	}
}

// TestATargetThatIsAwayForLongerThanItsSwitch wants the rollout to end where the
// dead-man switch has put it, and to say so.
func TestATargetThatIsAwayForLongerThanItsSwitch(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.spec.Strategy.RevertAfter = field.Duration(time.Second)
	s.at(release.KindOutcome, canary, func() { s.lab.Faults(contractFault(lab.ContractFault{Refuse: true})) })
	s.at("rollout.paused", "", func() {
		labtest.Eventually(t, 10*time.Second, "the switch has fired", func() bool { return s.lab.Status().Observation.Reverted })
		s.lab.Faults(lab.Faults{})
	})
	out, err := s.ship()
	if out.Result != release.Broke {
		t.Fatalf("%s, %v", out.Result, err)
	}
	says(t, explained(err, s.wish), "errored", "nobody renewed the target's dead-man switch in time, so the target went back by itself",
		"What serves now 1.0.0 at 100 %", "apply again")
	s.serves(s.old)
}

// TestATargetThatIsAwayWhenTheRunIsStopped wants the error to say how far it is
// known, and the next run to go on.
func TestATargetThatIsAwayWhenTheRunIsStopped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.at(release.KindOutcome, canary, func() { s.lab.Faults(contractFault(lab.ContractFault{Refuse: true})) })
	ctx, stop := interruptible(t)
	s.at("rollout.paused", "", stop)
	out, err := s.engine.Ship(ctx, release.ShipRequest{Spec: s.spec, Owner: owner})
	if out.Result != release.Underway {
		t.Fatalf("%s, %v", out.Result, err)
	}
	t.Log(explained(err, s.wish))
	says(t, explained(err, s.wish), "the rollout is not finished", "stopped at 25 % (paused, step 1 of 3): interrupt",
		"the target could not be read: unavailable: no answer from 127.0.0.1", "What serves now", "1.1.0 at 25 %", "apply again to go on from here")
	s.stands(25)
	s.lab.Faults(lab.Faults{})
	if out, err := s.ship(); err != nil || out.Result != release.Shipped {
		t.Fatalf("the next run: %s, %v", out.Result, err)
	}
	s.serves(s.wish)
}
