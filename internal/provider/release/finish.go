package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/release/timeline"
)

// finishLines say when the rollout is through at the earliest, and which windows
// would interrupt it on the way. There are none where nobody can tell when it may
// start, or where the gate has said already that the windows cannot be read. In mode
// observe somebody else brings the new version up, and nobody knows when.
func finishLines(ctx context.Context, e *engine.Engine, spec engine.Spec, f engine.Forecast) []string {
	if spec.Mode == engine.Observe || f.StartAt.IsZero() || len(f.Obstacles) > 0 || f.Takes.Round(time.Second) <= 0 {
		return nil
	}
	windows, err := windowsOf(ctx, e, spec, f)
	if err != nil {
		return nil //nolint:nilerr // The gate's own line says so.
	}
	legs := walkedLegs(ctx, e, spec, f)
	v, err := timeline.Plan{From: f.StartAt, Stages: []timeline.Stage{{Environment: spec.Environment.Name, Windows: windows, Legs: legs.Lengths}}}.Judge(time.Time{})
	switch {
	case err != nil:
		return nil //nolint:nilerr // The gate's own line says so.
	case v.Never != nil && v.Never.Step > 1:
		return []string{fmt.Sprintf("It would not get through: before step %d %s, and for at least ten years.", v.Never.Step, v.Never.Reason)}
	case v.Never != nil:
		return nil
	}
	through := v.Timeline.Passages[0]
	by := "by the strategy's plan"
	if legs.Rollouts > 0 {
		by = "by " + legs.Basis()
	}
	lines := []string{fmt.Sprintf("Through at %s at the earliest, %s.", end(through.Finish, f.Takes), by)}
	for _, w := range through.Interrupted() {
		lines = append(lines, fmt.Sprintf("Interrupted: step %d waits from %s until %s for %s; the new version keeps its share of the traffic meanwhile.",
			w.Step, moment(w.From), moment(w.Until), w.Reason))
	}
	return lines
}

// windowsOf asks the declared windows, read once. Where somebody has overridden
// one, only the gate knows for how long.
func windowsOf(ctx context.Context, e *engine.Engine, spec engine.Spec, f engine.Forecast) (timeline.Windows, error) {
	if len(gate.Overrides(f.Gates)) > 0 {
		return timeline.ByGate(ctx, window.New(e.Ledger), spec.Subject()), nil
	}
	all, err := window.Load(ctx, e.Ledger)
	if err != nil {
		return nil, err
	}
	subject, err := window.WithOwner(ctx, e.Ledger, window.SubjectOf(spec.Subject()))
	if err != nil {
		return nil, err
	}
	cal, err := calendar.New(all)
	return timeline.ByCalendar(cal, subject), err
}

// walkedLegs are the steps that will be walked. Where some are skipped, or many targets
// are walked one after the other, only their sum is foreseen.
func walkedLegs(ctx context.Context, e *engine.Engine, spec engine.Spec, f engine.Forecast) timeline.Legs {
	if spec.Waved() || f.Takes != spec.PlannedTime() {
		return timeline.Legs{Strategy: spec.Strategy.Name, Lengths: []time.Duration{f.Takes}}
	}
	legs, err := timeline.Estimate(ctx, e.Ledger, spec.Key(), spec.Strategy)
	if err != nil {
		// The forecast has read the same records; what it planned still holds.
		legs = timeline.Planned(spec.Strategy)
	}
	if last := len(legs.Lengths) - 1; legs.Rollouts == 0 {
		legs.Lengths[last] = max(legs.Lengths[last], spec.BakeTime())
	}
	return legs
}

// end writes when a rollout is through that takes so long. It is never before that, as a
// time that is cut to the minute would be: a short one has its seconds, and a long one
// the minute in which it is over.
func end(at time.Time, takes time.Duration) string {
	const layout = "2006-01-02 15:04:05"
	up := func(unit time.Duration) time.Time {
		if cut := at.Truncate(unit); !cut.Equal(at) {
			return cut.Add(unit)
		}
		return at
	}
	switch {
	case takes >= time.Hour:
		return moment(up(time.Minute))
	case at.Location() == time.UTC:
		return up(time.Second).Format(layout + "Z")
	default:
		return up(time.Second).Format(layout+" ") + at.Location().String()
	}
}

// moment writes a time for people: with the name of its zone, or the Z of UTC.
func moment(at time.Time) string {
	if at.Location() == time.UTC {
		return at.Format("2006-01-02 15:04Z")
	}
	return instant(at)
}
