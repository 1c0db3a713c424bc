package release

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

type attrValue = attr.Value

// forecastTitle says in one line when the rollout may start.
func forecastTitle(spec engine.Spec, f engine.Forecast) string {
	what := fmt.Sprintf("%s %s", spec.Service, spec.Payload.Label())
	if overrides := gate.Overrides(f.Gates); len(overrides) > 0 {
		what = "OVERRIDE: " + strings.Join(overrides, "; ") + "; " + what
	}
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

// forecastBody lists the gates and what else is known, laid out so that Terraform
// does not wrap it. More are lines that belong to no gate.
func forecastBody(f engine.Forecast, more ...string) string {
	var lines []string
	row := func(gate, status, reason, remedy string) {
		const margin = 23
		text := strings.TrimSpace(reason + "\n" + remedy)
		lines = append(lines, prose.Column(fmt.Sprintf("  %-11s %-8s", gate, status), text, margin, prose.Width))
	}
	for _, g := range f.Gates {
		row(g.Gate, string(g.Status), g.Reason, g.Remedy)
	}
	for _, o := range f.Obstacles {
		row("target", "fail", o.What, o.Remedy)
	}
	if r := f.Rehearsal; r != nil {
		lines = append(lines, note(rehearsalTitle(*r)))
		for _, l := range r.Lines {
			row(l.Part, string(l.Status), l.Reason, l.Remedy)
		}
	}
	for _, w := range f.Warnings {
		lines = append(lines, note("Note: "+strings.TrimSuffix(w, ".")+"."))
	}
	closing := "A rollback is never held up by these."
	if f.Takes.Round(time.Second) > 0 {
		closing = fmt.Sprintf("About %s from start to the end of the bake. ", about(f.Takes)) + closing
	}
	for _, line := range more {
		lines = append(lines, note(line))
	}
	lines = append(lines, note(closing), ofThePlan())
	return strings.Join(lines, "\n")
}

// ofThePlan says why a warning that holds before an apply stands below one that has
// ended: with -auto-approve core keeps what a plan has said until the apply is over, and
// tells no provider that it does.
func ofThePlan() string {
	return note("The plan says this; with -auto-approve it is shown after the apply.")
}

// rehearsalTitle says where a rollback would lead, and how long it takes.
func rehearsalTitle(r engine.Rehearsal) string {
	to := "nothing, since nothing serves"
	if r.To != nil {
		to = r.To.Label()
	}
	return fmt.Sprintf("The way back, to %s; how long it takes: %s.", to, r.Takes())
}

// note is a line that belongs to no gate.
func note(text string) string { return prose.Wrapped(text, "  ", prose.Width) }

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
	body := note(fmt.Sprintf("It stands at %s, opened by %s.", r.Where(), r.OpenedBy))
	if r.Reason != "" {
		body += "\n" + note(r.Reason)
	}
	if edited != "" {
		body += "\n" + note(fmt.Sprintf("Changed: %s. The open rollout keeps what it began with; the edit holds from the next one on.", edited))
	}
	return body + "\n" + ofThePlan()
}

// abortTitle and abortBody are the warning about a wish that goes back to what
// served before the open rollout.
func abortTitle(spec engine.Spec, r *engine.Rollout) string {
	return fmt.Sprintf("rollout %d of %s %s in %s is open; apply aborts it and goes back to %s", r.Number, spec.Service, r.Spec.Payload.Label(), spec.Environment.Name, spec.Payload.Label())
}

func abortBody(r *engine.Rollout) string {
	return note(fmt.Sprintf("It stands at %s, opened by %s. Nothing holds up the way back.", r.Where(), r.OpenedBy)) + "\n" + ofThePlan()
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
