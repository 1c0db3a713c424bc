package release

import (
	"context"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// opening asks everything that may stop a rollout before it begins, and writes
// its first record.
func (d *driver) opening(ctx context.Context, req ShipRequest, kind Kind, serving *target.Observation) (OpenedBody, error) {
	spec := req.Spec
	b := OpenedBody{Number: 1, Kind: kind, Spec: spec, Owner: req.Owner, Observation: *serving, Within: req.Within}
	subject := spec.Subject()
	if b.Within != nil {
		subject.Started = b.Within.Started
	}
	if last := d.h.Last(); last != nil {
		b.Number = last.Number + 1
	}
	if spec.Mode == Observe {
		d.leaveLine()
		b.Gates = d.e.ask(ctx, subject, d.h, d.e.Clock.Now())
		if serving.Baseline != nil {
			b.Baseline = &serving.Baseline.Payload
		}
		return b, nil
	}
	if obstacles := standing(serving); len(obstacles) > 0 && kind == Forward {
		return b, &ObstructedError{Key: d.key, Obstacles: obstacles}
	}
	b.Skipped, b.SkipReason = d.h.skips(spec, kind, serving, d.e.Clock.Now())
	if kind != BackOut {
		if kind == Forward {
			r := d.e.rehearse(d.inTurn(ctx), spec, d.h, serving, nil)
			b.Rehearsal, subject.Rehearsal, subject.RehearsalRequired = &r, r.Lines, spec.Policy.RequireRehearsal
		}
		d.stepAside()
		b.Gates = d.e.ask(ctx, subject, d.h, d.e.Clock.Now())
		if len(gate.Blocked(b.Gates)) > 0 {
			return b, &BlockedError{Key: d.key, Label: spec.Payload.Label(), Results: b.Gates, First: d.h.Spec == nil}
		}
		if err := d.comeBack(ctx); err != nil {
			return b, err
		}
		if err := d.preflight(ctx, spec, b.Skipped); err != nil {
			return b, err
		}
	}
	if serving.Baseline != nil {
		b.Baseline = &serving.Baseline.Payload
	}
	return b, nil
}

// skippedAlone lists the steps that are not walked where nothing served before.
// What sends a part of the users to the new artifact would send the others nowhere;
// a check and a pause before anybody is sent there mean the same as ever.
func skippedAlone(d strategy.Definition) []int {
	var skipped []int
	for i, s := range d.Steps() {
		if s.Traffic.Weight < 100 && (s.Moves() || !s.SendsNobody()) {
			skipped = append(skipped, i)
		}
	}
	return skipped
}

// standing says what is in the way when the target already splits its traffic
// though no rollout is open.
func standing(serving *target.Observation) []target.Obstacle {
	c := serving.Canary
	if !serving.Exposed() {
		return nil
	}
	return []target.Obstacle{{
		What:   fmt.Sprintf("%s has %s of the traffic though no rollout is open: somebody else moved it", c.Payload.Label(), TrafficText(whole(c.Weight, told(*serving)))),
		Remedy: "repair the drift first, for example with a sluice_drift_check of mode \"remediate\"",
	}}
}

// preflight asks the target itself what would stop the rollout, which walks the steps
// that are not skipped.
func (d *driver) preflight(ctx context.Context, spec Spec, skipped []int) error {
	if err := d.e.Validate(ctx, spec); len(err) > 0 {
		return err
	}
	t := d.first
	if t == nil {
		var err error
		if t, err = d.e.Targets.Open(ctx, spec.Target, d.e.targetDepsOf(spec.Key())); err != nil {
			return err
		}
	}
	var obstacles []target.Obstacle
	err := d.untilAnswered(ctx, func(ctx context.Context) (err error) {
		bounded, cancel := d.bound(ctx)
		defer cancel()
		obstacles, err = ready(bounded, t, spec.Payload, planOf(spec, skipped))
		return err
	})
	if err != nil {
		return &targetFault{fmt.Errorf("the target could not say whether it is ready: %w", err)}
	}
	// What nobody could tell, the plan has said.
	if surely, _ := target.Doubts(obstacles); len(surely) > 0 {
		return &ObstructedError{Key: d.key, Obstacles: surely}
	}
	return nil
}
