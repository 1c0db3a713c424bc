package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// delayed is a source whose store tells whole minutes, some minutes late.
type delayed struct {
	worldSource
	delay time.Duration
	// past is what was counted by the end of each minute.
	past map[int64]map[target.Arm][2]float64
}

func (s *delayed) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	var before struct{ Through int64 }
	if req.Cursor != nil {
		if err := json.Unmarshal(req.Cursor, &before); err != nil {
			return signal.Counts{}, err
		}
	} else {
		before.Through = req.Since.Truncate(time.Minute).Add(time.Minute).Unix()
	}
	all, err := s.worldSource.Counts(ctx, signal.Request{Queries: req.Queries, Until: req.Until})
	if err != nil {
		return all, err
	}
	var sums map[target.Arm][2]float64
	if err := json.Unmarshal(all.Cursor, &sums); err != nil {
		return all, err
	}
	minute := req.Until.Truncate(time.Minute)
	if _, known := s.past[minute.Unix()]; !known {
		s.past[minute.Unix()] = sums
	}
	through := minute.Add(-s.delay).Unix()
	cursor := json.RawMessage(`{"Through":` + jsonNumber(before.Through) + `}`)
	out := signal.Counts{CompleteThrough: time.Unix(before.Through, 0).UTC(), Cursor: cursor}
	now, known := s.past[through]
	if req.Cursor == nil || through <= before.Through || !known {
		return out, nil
	}
	then := s.past[before.Through]
	out.Primed, out.From, out.CompleteThrough = true, time.Unix(before.Through, 0).UTC(), time.Unix(through, 0).UTC()
	out.Cursor = json.RawMessage(`{"Through":` + jsonNumber(through) + `}`)
	for _, arm := range []target.Arm{target.Baseline, target.Canary} {
		out.Counts = append(out.Counts, signal.Count{Metric: "errors", Arm: arm, Bad: now[arm][0] - then[arm][0], Total: now[arm][1] - then[arm][1]})
	}
	return out, nil
}

func jsonNumber(n int64) string {
	raw, _ := json.Marshal(n) // A number always marshals.
	return string(raw)
}

func delays(w *world, delay time.Duration) {
	s := &delayed{worldSource: worldSource{w}, delay: delay, past: map[int64]map[target.Arm][2]float64{}}
	w.source = func() signal.Source { return s }
}

// A store that tells three minutes late makes each step three minutes longer: time is
// soaked when its counts have come, and counts of the step before tell nobody that the
// split is not the configured one.
func TestTimeIsSoakedWhenItsCountsHaveCome(t *testing.T) {
	w := upgrade(t)
	delays(w, 3*time.Minute)
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "baking", "completing", "succeeded")
	var applied time.Time
	unknown, soak := 0, time.Duration(0)
	for _, rec := range w.records(t) {
		switch rec.Kind {
		case release.KindOutcome:
			var b release.OutcomeBody
			if err := json.Unmarshal(rec.Body, &b); err != nil {
				t.Fatal(err)
			}
			if b.Kind == release.EffectApply {
				applied, soak = rec.At, 0
			}
		case release.KindTick:
			var b release.TickBody
			if err := json.Unmarshal(rec.Body, &b); err != nil {
				t.Fatal(err)
			}
			soak += b.Soak.Std()
			if told := rec.At.Sub(applied) - 3*time.Minute; soak > max(told, 0) {
				t.Errorf("at %s %s were soaked, and counts have come of %s", rec.At, soak, told)
			}
			if b.Input.Weight == judge.UnknownWeight {
				unknown++
			}
		}
	}
	if unknown == 0 {
		t.Error("the counts of the step before were judged by the share of the one after")
	}
	wantReplay(t, w)
}

// Harm is seen in counts that come late.
func TestHarmIsSeenLate(t *testing.T) {
	w := upgrade(t)
	delays(w, 3*time.Minute)
	out, err := w.engine("a", nil).Ship(t.Context(), request(bad))
	var ended *release.EndedError
	if !errors.As(err, &ended) || out.Result != release.WentBack {
		t.Fatalf("result %s, error %v, want that it went back", out.Result, err)
	}
	wantServing(t, w, old)
	wantReplay(t, w)
}

// An alarm is heard at once, though the counts beside it come once in an hour.
func TestAnAlarmIsHeardWhileOthersAreLate(t *testing.T) {
	w := suffering(t, 10, 0.05)
	w.scrape = time.Hour
	req := alarmed(request(good))
	req.Spec.Policy = release.Policy{Name: "ours", Triggers: &release.Triggers{External: alarm, ErrorCeiling: limit}}
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	wantPath(t, w, "preparing", "stepping", "reverting external_signal", "rolled_back external_signal")
	if d := took(t, w); d > 2*time.Minute {
		t.Errorf("it took %s", d)
	}
	wantReplay(t, w)
}

// starting is a signal of alarms that says whether a rollout may begin.
type starting struct {
	alarms
	err   error
	asked *int
}

func (s *starting) Ready(context.Context, []signal.Query) error {
	*s.asked++
	return s.err
}

// What a signal refuses is not begun, and it is asked once; what it could not tell is
// asked for again.
func TestASignalRefusesTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		says  string
		asked int
	}{
		"refused": {&signal.Refusal{Reason: `the alarm "checkout-5xx" fires`, Remedy: "wait until it is over"}, `it was not begun: the trigger external "pager": signal "alarms": the alarm "checkout-5xx" fires; wait until it is over`, 1},
		"unknown": {errors.New("no answer"), "the signals could not be read before the first step", 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			asked := 0
			w.alarms = func() signal.Source { return &starting{alarms: alarms{w}, err: c.err, asked: &asked} }
			req := alarmed(request(good))
			req.Spec.Policy = release.Policy{Name: "ours", Triggers: &release.Triggers{External: alarm}}
			_, err := w.engine("a", nil).Ship(t.Context(), req)
			if err == nil {
				t.Fatal("it was begun")
			}
			wantServing(t, w, old)
			wantQuarantine(t, w, good, false)
			last := fold(t, w).Last()
			if last.State != release.Errored || !strings.Contains(last.Reason, c.says) || asked != c.asked {
				t.Errorf("%s: %q, asked %d times, want %q after %d", last.State, last.Reason, asked, c.says, c.asked)
			}
			if w.calls["apply"] > 0 {
				t.Errorf("%d weights were set", w.calls["apply"])
			}
		})
	}
}
