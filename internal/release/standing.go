package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// standing asks the gates that are asked while a step lasts. While one of them does
// not pass, the look does not count as observed: what is measured is not what users
// will meet. After a second such look in a row the rollout pauses, and it goes on by
// itself when they pass again. It never turns back for that alone.
func (d *driver) standing(ctx context.Context, tick *TickBody, r *Rollout) {
	gates := gate.WhileStanding(d.e.Gates)
	if len(gates) == 0 || r.Kind == BackOut || r.applied < 0 {
		return
	}
	bounded, cancel := d.bound(ctx)
	defer cancel()
	if limit := d.revertAfter(r).Std() / 3; limit > 0 {
		// The target's dead-man switch is renewed with the next look.
		var stop context.CancelFunc
		bounded, stop = context.WithTimeout(bounded, limit)
		defer stop()
	}
	subject := r.Spec.Subject()
	subject.Started = r.OpenedAt
	for _, result := range gate.Blocked(gate.CheckAll(bounded, gates, subject, d.e.Clock.Now())) {
		tick.Away = append(tick.Away, fmt.Sprintf("%s %s: %s", result.Gate, result.Status, result.Reason))
	}
	if len(tick.Away) > 0 {
		tick.Observed, tick.Soak, tick.Late = false, 0, 0
	}
}

// afterwards asks what the engine is to ask once a rollout has succeeded, records the
// answers and gives those that do not pass, for people. It decides nothing, so what
// goes wrong on the way is a warning too.
func (d *driver) afterwards(ctx context.Context, r *Rollout) []string {
	if d.e.After == nil || r.State != Succeeded || r.Kind != Forward || r.Within != nil || r.Dependencies != nil || ctx.Err() != nil {
		return nil
	}
	subject := r.Spec.Subject()
	subject.Started = r.OpenedAt
	results := d.e.After(ctx, subject)
	if len(results) == 0 {
		return nil
	}
	var warnings []string
	for _, b := range gate.Blocked(results) {
		warnings = append(warnings, fmt.Sprintf("%s serves, but afterwards: %s", r.Spec.Payload.Label(), b.Reason))
	}
	if err := d.appendAfter(ctx, r, DependenciesBody{Results: results}); err != nil {
		warnings = append(warnings, fmt.Sprintf("what the dependencies said afterwards is not recorded: %v", err))
	}
	return warnings
}

// appendAfter appends a record about a rollout that is closed.
func (d *driver) appendAfter(ctx context.Context, r *Rollout, body DependenciesBody) error {
	entry, err := d.e.entry(d.key, KindDependencies, r.Number, body)
	if err != nil {
		return err
	}
	entry.Lease, entry.Fence = d.key.LeaseName(), d.lease.Fence
	rec, err := d.appendOnce(ctx, entry)
	if errors.Is(err, errAgain) && d.sync(ctx) == nil {
		rec, err = d.appendOnce(ctx, entry)
	}
	if err != nil {
		return err
	}
	return d.fold(rec, true)
}
