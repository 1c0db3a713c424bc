package release_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func (w *world) credentialsEnd(of string) credential.End {
	if at, known := w.lasting[of]; known {
		return credential.End{At: at, Whose: "the credentials of the " + of}
	}
	return credential.End{}
}

// CredentialsEnd implements credential.Ender.
func (t *worldTarget) CredentialsEnd() credential.End { return t.w.credentialsEnd("target") }

// CredentialsEnd implements credential.Ender.
func (s *worldSource) CredentialsEnd() credential.End { return s.w.credentialsEnd("signal") }

// endingLedger is a ledger whose credentials may end.
type endingLedger struct {
	ledger.Ledger
	w *world
}

// CredentialsEnd implements credential.Ender.
func (l endingLedger) CredentialsEnd() credential.End { return l.w.credentialsEnd("ledger") }

// Whatever the credentials are for, the run leaves its rollout at a safe point before
// they end, says why, and the next one brings it to the same end.
func TestNoRunStaysLongerThanItsCredentials(t *testing.T) {
	for _, of := range []string{"target", "signal", "ledger"} {
		t.Run(of, func(t *testing.T) {
			w := upgrade(t)
			w.lasting = map[string]time.Time{of: start.Add(87 * time.Second), "target": start.Add(24 * time.Hour)}
			if of == "target" {
				w.lasting[of] = start.Add(87 * time.Second)
			}
			e := w.engine("a", nil)
			e.Ledger = endingLedger{e.Ledger, w}
			out, err := e.Ship(t.Context(), request(good))
			if err != nil || out.Result != release.Underway {
				t.Fatalf("%s, %v", out.Result, err)
			}
			wantLeft(t, w, release.Stay{Deadline: w.lasting[of]})
			if took := w.clock.Now().Sub(start); took < 77*time.Second || took > 77*time.Second+time.Millisecond {
				t.Errorf("it returned after %s, want 77s: a call may last 10s, and the credentials 87s", took)
			}
			want := "the credentials of the " + of + " last until 2026-03-02T09:01:27Z"
			if text := strings.Join(out.Warnings, "\n"); !strings.Contains(text, want) || out.LeftFor.String() != want {
				t.Errorf("it says %q, and was left for %s", text, out.LeftFor)
			}
			w.lasting = nil
			next, err := w.engine("b", nil).Continue(t.Context(), key)
			wantEnd(t, next, err, release.Shipped)
		})
	}
}

// Files that are written anew in time push the end before them.
func TestCredentialsThatAreRenewedEndNoRun(t *testing.T) {
	w := upgrade(t)
	w.lasting = map[string]time.Time{"target": start.Add(time.Minute)}
	w.clock.after(40*time.Second, func() { w.lasting["target"] = start.Add(24 * time.Hour) })
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Shipped)
}

func TestNothingIsBegunWithCredentialsThatEnd(t *testing.T) {
	w := upgrade(t)
	w.lasting = map[string]time.Time{"target": start.Add(5 * time.Second)}
	_, err := w.engine("a", nil).Ship(t.Context(), request(good))
	if !errors.Is(err, release.ErrNoTime) || !strings.Contains(err.Error(), "the credentials of the target last until 2026-03-02T09:00:05Z") {
		t.Fatalf("%v, want a ShortCredentialsError", err)
	}
	if n := len(w.records(t)); n > 0 || w.writes > 0 {
		t.Errorf("%d records, %d writes", n, w.writes)
	}
}

// A way back is driven on for as long as it can be, and an agent stays: whoever runs it
// renews its credentials.
func TestCredentialsThatEndLeaveNoWayBackAndNoAgent(t *testing.T) {
	w := upgrade(t)
	w.lasting = map[string]time.Time{}
	w.clock.after(20*time.Second, func() { w.lasting["target"] = w.clock.Now().Add(15 * time.Second) })
	e := w.engine("a", nil)
	e.Steady = true
	out, err := e.Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Shipped)

	w = upgrade(t)
	w.lasting = map[string]time.Time{}
	w.onEffect = func(verb string) {
		if verb == "revert" {
			w.lasting["target"] = w.clock.Now()
		}
	}
	out, err = w.engine("a", nil).Ship(t.Context(), request(bad))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
}

// endingTarget is a target of a fleet whose credentials may end.
type endingTarget struct {
	target.Target
	f *fleet
}

// CredentialsEnd implements credential.Ender.
func (t endingTarget) CredentialsEnd() credential.End {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	return credential.End{At: t.f.ends, Whose: "the credentials of the fleet"}
}
