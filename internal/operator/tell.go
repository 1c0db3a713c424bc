package operator

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// lookEvery is the least time between two lines that only say that somebody looked.
const lookEvery = 30 * time.Second

// teller makes lines of records. It is safe for concurrent use.
type teller struct {
	tell  func(string)
	clock clock.Clock

	mu     sync.Mutex
	looked map[release.Key]time.Time
}

// record is told by release.Hooks.
func (t *teller) record(r release.Recorded) {
	h, rec := r.History, r.Record
	if rec.Kind == release.KindTick && !t.mayLook(h.Key) {
		return
	}
	if text := Line(h, rec); text != "" {
		t.tell(text)
	}
}

// mayLook keeps a rollout of hours from filling the screen with its looks.
func (t *teller) mayLook(key release.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	if last, before := t.looked[key]; before && now.Sub(last) < lookEvery {
		return false
	}
	if t.looked == nil {
		t.looked = map[release.Key]time.Time{}
	}
	t.looked[key] = now
	return true
}

// Line says in one line what a record of the history's last rollout means, beginning
// with where the rollout stands: "checkout/production 25 %, step 2 of 4: looked; next
// look in 10s". It is empty for records that say nothing to people.
func Line(h *release.History, rec ledger.Record) string {
	r := h.Last()
	if r == nil {
		return ""
	}
	if strings.HasPrefix(rec.Kind, "rollout.") && rec.Kind != release.KindOpened {
		text, err := body(rec, func(b release.MoveBody) string { return move(r, b) })
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%s %s, %s", h.Key, Percent(r.Weight), text)
	}
	text, err := said(r, rec)
	if err != nil || text == "" {
		return ""
	}
	return fmt.Sprintf("%s %s: %s", h.Key, where(r), text)
}

// where is the rollout's weight and step.
func where(r *release.Rollout) string {
	switch {
	case r.Waves != nil:
		return r.Where()
	case r.State == release.Stepping || r.State == release.Paused && r.Step < len(r.Steps):
		return fmt.Sprintf("%s, step %d of %d", Percent(r.Weight), min(r.Step+1, len(r.Steps)), len(r.Steps))
	default:
		return fmt.Sprintf("%s, %s", Percent(r.Weight), words(r.State))
	}
}

func said(r *release.Rollout, rec ledger.Record) (string, error) {
	switch rec.Kind {
	case release.KindOpened:
		return fmt.Sprintf("rollout %d goes from %s to %s (%s)", r.Number, Label(r.Baseline), r.Spec.Payload.Label(), words(r.Kind)), nil
	case release.KindTick:
		return fmt.Sprintf("%slooked; next look in %s", soak(r), field.FormatDuration(r.Spec.Strategy.Analysis.Interval.Std())), nil
	case release.KindOutcome:
		return body(rec, func(b release.OutcomeBody) string { return outcome(r, b) })
	case release.KindFailure:
		return body(rec, func(b release.FailureBody) string {
			return strings.TrimSuffix(fmt.Sprintf("the target did not %s: %s; %s", b.Kind, b.Message, b.Remedy), "; ")
		})
	case release.KindStepPassed:
		return body(rec, func(b release.StepPassedBody) string {
			return fmt.Sprintf("step %d has passed: %s", b.Step+1, b.Reason)
		})
	case release.KindTargetStarted:
		return body(rec, func(b release.TargetStartedBody) string { return b.Target + " begins" })
	case release.KindTargetEnded:
		return body(rec, func(b release.TargetEndedBody) string { return b.Target + " has ended: " + words(b.Result) })
	case release.KindTargetBack:
		return body(rec, func(b release.TargetBackBody) string { return b.Target + " is back" })
	}
	return "", nil
}

// body decodes a record's body and hands it to say.
func body[T any](rec ledger.Record, say func(T) string) (string, error) {
	var b T
	if err := json.Unmarshal(rec.Body, &b); err != nil {
		return "", err
	}
	return say(b), nil
}

// soak is the observed time of a step that has to last.
func soak(r *release.Rollout) string {
	needed := r.CurrentStep().AtLeast
	if r.State == release.Baking {
		needed = r.Spec.BakeTime()
	}
	if needed <= 0 || r.State != release.Baking && r.State != release.Stepping {
		return ""
	}
	round := func(d time.Duration) string { return field.FormatDuration(d.Round(time.Second)) }
	return fmt.Sprintf("%s of %s, ", round(min(r.Soak, needed)), round(needed))
}

// outcome says what an effect at the target came to.
func outcome(r *release.Rollout, b release.OutcomeBody) string {
	to := r.Spec.Payload.Label()
	if !b.Done {
		return "waiting for the target to " + words(b.Kind)
	}
	switch b.Kind {
	case release.EffectPrepare:
		return to + " is up and healthy, without traffic"
	case release.EffectApply:
		return fmt.Sprintf("%s of the traffic is on %s", Percent(b.Weight), to)
	case release.EffectComplete:
		return to + " is the only one"
	case release.EffectRevert:
		return r.BackText(b)
	case release.EffectFinalize:
		return "what the rollout left behind is gone"
	default:
		return words(b.Kind) + " is done"
	}
}

// move says where the rollout stands now, and why.
func move(r *release.Rollout, b release.MoveBody) string {
	switch {
	case b.Reason != "":
		return words(r.State) + ": " + b.Reason
	case b.Cause != "":
		return words(r.State) + ": " + words(b.Cause)
	default:
		return words(r.State)
	}
}

// Percent writes a share of traffic.
func Percent(weight float64) string {
	// Four digits: a third of the targets is 33.33 %, and 0.015625 stays what it is.
	short, err := strconv.ParseFloat(strconv.FormatFloat(weight, 'g', 4, 64), 64)
	if err != nil {
		short = weight
	}
	return strconv.FormatFloat(short, 'f', -1, 64) + " %"
}
