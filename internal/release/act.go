package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// act carries one decision out.
func (d *driver) act(ctx context.Context, decision Decision) error {
	r := d.h.Open()
	switch decision.Action {
	case ActMove:
		return d.append(ctx, movePrefix+string(decision.Next), decision.Move)
	case ActPrepareAnalysis:
		return d.prepareAnalysis(ctx)
	case ActAskGates:
		return d.askGates(ctx)
	case ActLook:
		return d.look(ctx)
	case ActMeasure:
		return d.timed(ctx)
	case ActCheck:
		return d.check(ctx)
	case ActPassStep:
		return d.append(ctx, KindStepPassed, StepPassedBody{Step: r.Step, Reason: passReason(r)})
	case ActExtend:
		return d.append(ctx, KindStepExtended, StepExtendedBody{Step: r.Step, By: field.Duration(r.CurrentStep().AtMost)})
	case ActWait:
		return d.wait(ctx, decision.Until)
	case ActPrepare:
		return d.effect(ctx, EffectPrepare)
	case ActApply:
		return d.effect(ctx, EffectApply)
	case ActComplete:
		return d.effect(ctx, EffectComplete)
	case ActLower:
		return d.effect(ctx, EffectLower)
	case ActRevert:
		return d.effect(ctx, EffectRevert)
	case ActFinalize:
		return d.effect(ctx, EffectFinalize)
	default:
		return fmt.Errorf("release: the action %q is not one that this version knows", decision.Action)
	}
}

func passReason(r *Rollout) string {
	switch step := r.CurrentStep(); {
	case r.Resumed != nil:
		return fmt.Sprintf("%s says to go on: %s", r.Resumed.By, r.Resumed.Reason)
	case step.Kind == strategy.StepCheck && r.Checked != nil:
		return fmt.Sprintf("the check %q passed: %s", r.Checked.Result.Name, r.Checked.Result.Reason)
	case step.Kind == strategy.StepPause:
		return fmt.Sprintf("observed for %s", field.FormatDuration(r.Soak.Round(time.Second)))
	}
	if !r.judging() {
		return fmt.Sprintf("observed for %s; nothing to judge", field.FormatDuration(r.Soak.Round(time.Second)))
	}
	return fmt.Sprintf("observed for %s and proved safe", field.FormatDuration(r.Soak.Round(time.Second)))
}

// askGates asks all gates and records the answers when they are news.
func (d *driver) askGates(ctx context.Context) error {
	r := d.h.Open()
	subject := r.Spec.Subject()
	subject.Started = r.OpenedAt
	if r.Within != nil {
		subject.Started = r.Within.Started
	}
	now := d.e.Clock.Now()
	results := d.e.ask(ctx, subject, d.h, now)
	d.obs.Gates, d.obs.GatesStep, d.obs.GatesAt, d.obs.GatesSeq, d.obs.Asked = results, r.Step, now, d.h.Seq, true
	if r.Gates != nil && r.Gates.Step == r.Step && sameAnswers(r.Gates.Results, results) {
		return nil
	}
	return d.append(ctx, KindGates, GatesBody{Step: r.Step, Results: results})
}

func sameAnswers(a, b []gate.Result) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		same := a[i].Gate == b[i].Gate && a[i].Status == b[i].Status
		// How far clocks are apart is another number each time.
		if !same || a[i].Reason != b[i].Reason && a[i].Gate != clockGate {
			return false
		}
	}
	return true
}
