package release_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// newer writes the world's stream anew as a later version of Sluice would have,
// up to and with the first record of a kind.
func newer(t *testing.T, w *world, last string) *world {
	t.Helper()
	records := w.records(t)
	at := slices.IndexFunc(records, func(r ledger.Record) bool { return r.Kind == last })
	if at < 0 {
		t.Fatalf("there is no record %s", last)
	}
	next := newWorld(t)
	next.clock.Set(w.clock.Now())
	next.counted = w.clock.Now()
	next.machine.State = w.machine.State
	for i, r := range records[:at+1] {
		e := ledger.Entry{ID: r.ID, Kind: r.Kind, At: r.At, Actor: r.Actor, Service: r.Service, Environment: r.Environment, Body: r.Body}
		if r.Kind == release.KindOpened {
			e.Body = []byte(strings.Replace(string(e.Body), `"format":1`, `"format":99`, 1))
		}
		if _, err := next.ledger.Append(t.Context(), key.Stream(), uint64(i), e); err != nil {
			t.Fatal(err)
		}
	}
	return next
}

// A rollout of a newer version is never driven forward by an older binary, and
// can always be taken back by it.
func TestARolloutOfANewerVersion(t *testing.T) {
	for _, last := range []string{
		release.KindOpened, "rollout.preparing", release.KindOutcome, "rollout.stepping", "rollout.paused", "rollout.baking", "rollout.completing",
	} {
		t.Run(last, func(t *testing.T) {
			w := upgrade(t)
			req := patient(good)
			if last == "rollout.paused" {
				w.skew = 4
			}
			stopped := false
			e := w.engine("a", func(op, phase string) error {
				records := w.records(t)
				if stopped || len(records) > 0 && records[len(records)-1].Kind == last && op != "append" {
					stopped = true
					return errors.New("killed")
				}
				return nil
			})
			_, _ = e.Ship(until(w, 10*time.Minute), req)
			next := newer(t, w, last)
			writes := next.writes
			out, err := next.engine("b", nil).Ship(t.Context(), patient(good))
			wantEnd(t, out, err, release.Underway)
			if !strings.Contains(err.Error(), "opened by a newer version of Sluice (format 99, this one knows 2)") || next.writes != writes {
				t.Errorf("%d writes, %v", next.writes-writes, err)
			}
			out, err = next.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no"})
			if err != nil || out.Result != release.Stopped {
				t.Errorf("the abort: %s, %v", out.Result, err)
			}
			wantServing(t, next, old)
		})
	}
}
