package release

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

type attrValue = attr.Value

// forecastTitle says in one line when the rollout may start.
func forecastTitle(spec engine.Spec, f engine.Forecast) string {
	what := fmt.Sprintf("%s %s", spec.Service, spec.Payload.Label())
	switch {
	case f.CanStart && len(f.Obstacles) == 0:
		return fmt.Sprintf("%s can start in %s now", what, spec.Environment.Name)
	case f.CanStart || f.StartAt.IsZero():
		return fmt.Sprintf("%s is blocked in %s until somebody acts", what, spec.Environment.Name)
	default:
		return fmt.Sprintf("%s can start in %s at %s", what, spec.Environment.Name, instant(f.StartAt))
	}
}

// instant writes a time with the name of its zone, which says more than an offset.
func instant(at time.Time) string {
	return at.Format("2006-01-02 15:04 ") + at.Location().String()
}

// forecastBody lists the gates and what else is known. Its lines begin with two
// spaces, so that Terraform does not wrap them.
func forecastBody(f engine.Forecast) string {
	var b strings.Builder
	for _, g := range f.Gates {
		line := fmt.Sprintf("  %-11s %-8s %s", g.Gate, g.Status, g.Reason)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if g.Remedy != "" {
			fmt.Fprintf(&b, "  %-11s %-8s %s\n", "", "", g.Remedy)
		}
	}
	for _, o := range f.Obstacles {
		fmt.Fprintf(&b, "  %-11s %-8s %s\n", "target", "fail", o.What)
		if o.Remedy != "" {
			fmt.Fprintf(&b, "  %-11s %-8s %s\n", "", "", o.Remedy)
		}
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(&b, "  Note: %s.\n", strings.TrimSuffix(w, "."))
	}
	fmt.Fprintf(&b, "  About %s from start to the end of the bake. A rollback is never held up by these.", about(f.Takes))
	return b.String()
}

// about rounds a time up, for people: whole minutes above one.
func about(d time.Duration) string {
	if d > time.Minute {
		return fmt.Sprintf("%d min", int((d+time.Minute-1)/time.Minute))
	}
	return field.FormatDuration(d.Round(time.Second))
}

// resumeTitle and resumeBody are the warning about a rollout that is open already.
func resumeTitle(spec engine.Spec, r *engine.Rollout) string {
	return fmt.Sprintf("rollout %d of %s %s in %s is open; apply goes on with it", r.Number, spec.Service, spec.Payload.Label(), spec.Environment.Name)
}

func resumeBody(r *engine.Rollout, edited string) string {
	body := fmt.Sprintf("  It stands at %g %% (%s, step %d of %d), opened by %s.", r.Weight, r.State, r.Step+1, len(r.Steps), r.OpenedBy)
	if r.Reason != "" {
		body += "\n  " + r.Reason
	}
	if edited != "" {
		body += fmt.Sprintf("\n  Changed: %s. The open rollout keeps what it began with; the edit holds from the next one on.", edited)
	}
	return body
}

// abortTitle and abortBody are the warning about a wish that goes back to what
// served before the open rollout.
func abortTitle(spec engine.Spec, r *engine.Rollout) string {
	return fmt.Sprintf("rollout %d of %s %s in %s is open; apply aborts it and goes back to %s", r.Number, spec.Service, r.Spec.Payload.Label(), spec.Environment.Name, spec.Payload.Label())
}

func abortBody(r *engine.Rollout) string {
	return fmt.Sprintf("  It stands at %g %% (%s, step %d of %d), opened by %s. Nothing holds up the way back.", r.Weight, r.State, r.Step+1, len(r.Steps), r.OpenedBy)
}

// refusedBy puts the owner among what stands in the way of a forecast.
func refusedBy(owner engine.Owner, key engine.Key, f engine.Forecast) engine.Forecast {
	f.CanStart, f.StartAt = false, time.Time{}
	f.Gates = append([]gate.Result{{
		Gate: "owner", Status: gate.Fail, Reason: fmt.Sprintf("the release belongs to the state of %s (id %s)", owner.Label, owner.ID),
		Remedy: fmt.Sprintf("import it here to move it: terraform import ADDRESS %s; or remove it there first", key),
	}}, f.Gates...)
	return f
}

func join(names []string) string { return strings.Join(names, ", ") }
