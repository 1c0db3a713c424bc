package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// fault is something that can happen to a ledger, until it is mended.
type fault struct {
	name string
	// strike breaks the ledger and gives what mends it.
	strike func(s *stage) (mend func())
	says   []string
}

// ledgerFaults are those of which a call of the ledger tells. A disk is full in
// name only: what SQLite makes of a real one is tested beside its driver.
var ledgerFaults = []fault{
	{"locked", func(s *stage) func() { return s.lock() },
		[]string{"the ledger is locked by others", "look which process holds the ledger's file open"}},
	{"read-only", func(s *stage) func() {
		s.ledger.writeTo(s.open(sqlite.Options{ReadOnly: true}))
		return func() { s.ledger.writeTo(nil) }
	},
		[]string{"the ledger is read-only", "give this user the right to write the ledger's file and its folder"}},
	{"full", func(s *stage) func() { s.ledger.fail(ledger.ErrFull); return func() { s.ledger.fail(nil) } },
		[]string{"the ledger's store is full", "make room on the disk of the ledger"}},
}

func TestALedgerThatFailsBeforeARollout(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, f := range ledgerFaults {
		t.Run(f.name, func(t *testing.T) {
			mend := f.strike(s)
			out, err := s.ship()
			mend()
			if err == nil || out.History != nil {
				t.Fatalf("%s, %v", out.Result, err)
			}
			t.Log(explained(err, s.wish))
			says(t, explained(err, s.wish), append(f.says, "Unable to release checkout 1.1.0 to production", "nothing was changed")...)
			if n := len(s.history().Rollouts); n != 1 {
				t.Errorf("%d rollouts", n)
			}
			s.serves(s.old)
		})
	}
}

// TestALedgerThatFailsInARollout wants the driver to stop where it is, and the
// next run to go on from there.
func TestALedgerThatFailsInARollout(t *testing.T) {
	t.Parallel()
	for _, f := range ledgerFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			mend := func() {}
			s.at(release.KindOutcome, canary, func() { mend = f.strike(s) })
			out, err := s.ship()
			mend()
			if out.Result != release.Underway {
				t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
			}
			t.Log(explained(err, s.wish))
			says(t, explained(err, s.wish), append(f.says, "the rollout is not finished", "the driver stopped at 25 % (stepping, step 1 of 3)",
				"What serves now 1.0.0 at 75 %, 1.1.0 at 25 %", "apply again to go on from here", "the target goes back by itself 1m after the last look")...)
			s.stands(25)
			if out, err := s.ship(); err != nil || out.Result != release.Shipped {
				t.Fatalf("the next run: %s, %v", out.Result, err)
			}
			s.serves(s.wish)
		})
	}
}

// TestALedgerThatFailsOnTheWayBack wants the revert not to wait for it, and the
// records to come home with the next run.
func TestALedgerThatFailsOnTheWayBack(t *testing.T) {
	t.Parallel()
	for _, f := range ledgerFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.worse()
			// As patient as it is in earnest, which is longer than a revert may wait.
			s.ledger.Ledger = s.open(sqlite.Options{})
			mend, clk := func() {}, clock.System{}
			var harm time.Time
			back := make(chan time.Time, 1)
			s.at(release.KindTick, `"verdict":"harm"`, func() {
				mend, harm = f.strike(s), clk.Now()
				go func() {
					for shareOf(s.lab.Status().Observation, s.wish) > 0 && t.Context().Err() == nil {
						_ = clk.Sleep(t.Context(), 10*time.Millisecond)
					}
					back <- clk.Now()
				}()
			})
			out, err := s.ship()
			if out.Result != release.WentBack {
				mend()
				t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
			}
			if took := (<-back).Sub(harm); took > 3*time.Second {
				t.Errorf("the revert came %s after the harm was known; the ledger may delay it by a second", took)
			}
			says(t, explained(err, s.wish), "rolled back", "evidence for harm", "What serves now 1.0.0 at 100 %")
			if len(out.Warnings) == 0 {
				t.Fatal("no warning")
			}
			t.Log(out.Warnings)
			says(t, out.Warnings[0], f.says[0], "of this revert", "the next run appends them")
			mend()
			if _, err := s.engine.Continue(t.Context(), checkout); err != nil {
				t.Fatal(err)
			}
			if last := s.history().Last(); last.State != release.RolledBack || last.Cause != release.CauseHarm {
				t.Errorf("the ledger says %s because of %s", last.State, last.Cause)
			}
			s.serves(s.old)
			if _, err := ledger.Verify(t.Context(), s.ledger.Ledger, ledger.VerifyOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestALedgerThatSomebodyChanged wants no step forward on a broken chain, and
// users who are not left with half a rollout.
func TestALedgerThatSomebodyChanged(t *testing.T) {
	t.Parallel()
	const damage = "UPDATE record SET body = replace(body, '\"number\":1', '\"number\":7') WHERE stream = 'release/checkout/production' AND seq = 1"
	const repair = "UPDATE record SET body = replace(body, '\"number\":7', '\"number\":1') WHERE stream = 'release/checkout/production' AND seq = 1"
	names := []string{"record release/checkout/production#1 is not what was written", "sluice verify", "restore it from a copy", "sluice rollback checkout/production"}
	t.Run("before a rollout", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.sql(damage)
		out, err := s.ship()
		if err == nil || out.History != nil {
			t.Fatalf("%s, %v", out.Result, err)
		}
		t.Log(explained(err, s.wish))
		says(t, explained(err, s.wish), append(names, "Unable to release checkout 1.1.0 to production", "nothing was changed")...)
		s.sql(repair)
		s.serves(s.old)
	})
	t.Run("in a rollout", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.spec.Strategy.RevertAfter = field.Duration(2 * time.Second)
		ctx, stop := interruptible(t)
		s.at(release.KindOutcome, canary, func() { s.sql(damage); stop() })
		if out, err := s.engine.Ship(ctx, release.ShipRequest{Spec: s.spec, Owner: owner}); out.Result != release.Underway {
			t.Fatalf("%s, %v", out.Result, err)
		}
		out, err := s.ship()
		if err == nil || out.History != nil {
			t.Fatalf("the next run: %s, %v", out.Result, err)
		}
		says(t, explained(err, s.wish), append(names, "nothing was changed")...)
		labtest.Eventually(t, 10*time.Second, "the dead-man switch has sent all users back", func() bool {
			return shareOf(s.lab.Status().Observation, s.old) == 100
		})
		s.sql(repair)
		if out, err := s.ship(); err != nil || out.Result != release.Shipped {
			t.Fatalf("on the mended ledger: %s, %v", out.Result, err)
		}
		if ended := s.history().Rollout(2); ended.State != release.Errored || ended.Cause != release.CauseDeadMan {
			t.Errorf("the rollout ended %s because of %s", ended.State, ended.Cause)
		}
		s.serves(s.wish)
	})
}

// TestAClockThatIsSetBackInARollout wants time that did not pass not to count,
// neither for a step nor against the way back.
func TestAClockThatIsSetBackInARollout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		bad  bool
		ends release.Result
	}{{"a good artifact", false, release.Shipped}, {"a bad artifact", true, release.WentBack}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			want := s.wish
			if c.bad {
				s.worse()
				want = s.old
			}
			s.at(release.KindOutcome, canary, func() { s.clock.set(time.Hour) })
			out, err := s.ship()
			if out.Result != c.ends {
				t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
			}
			says(t, strings.Join(out.Warnings, "\n"), "the clock of this machine is 1h behind the last record of checkout/production", "only time that was observed counts")
			s.serves(want)
			if now := s.history().Last().ClosedAt; now.After(clock.System{}.Now().Add(-30 * time.Minute)) {
				t.Errorf("the rollout ended at %s, though the clock was set back by an hour", now)
			}
		})
	}
}
