package release

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// Procedure writes the runbook of one release for whoever is woken by it, in
// Markdown: what serves, where a rollback leads, with which commands, what happens
// by itself, what cannot be taken back, and whom to ask. It asks the target what the
// rehearsal needs, and changes nothing. It is empty for a release of which the ledger
// knows no specification yet.
func (e *Engine) Procedure(ctx context.Context, status Status) string {
	h := status.History
	if h.Spec == nil {
		return ""
	}
	p := procedure{status: status, spec: *h.Spec}
	switch open := h.Open(); {
	case h.Spec.Waved():
		var waved BackPlan
		if waved, _ = e.planBackWaves(ctx, status); waved.Open != nil {
			p.spec = waved.Open.Spec
		}
		p.to, p.rehearsal = waved.To, waved.Rehearsal
	case open != nil && (open.Kind == Forward || open.turnsBack()):
		p.spec, p.to = open.Spec, open.Baseline
		p.rehearsal = e.rehearse(ctx, open.Spec, h, status.Serving, status.LookErr)
	default:
		if p.to = h.BackTo(); p.to != nil {
			p.rehearsal = e.rehearseBack(ctx, status, *p.to)
		}
	}
	return p.markdown()
}

// procedure is what a runbook is made of.
type procedure struct {
	status    Status
	spec      Spec
	to        *artifact.Payload
	rehearsal Rehearsal
}

// markdown writes the runbook. It holds no time of writing, so that it stays the same
// while nothing changes.
func (p procedure) markdown() string {
	parts := []string{
		fmt.Sprintf("# How to roll back %s in %s", p.spec.Service, p.spec.Environment.Name),
		p.serves(), p.commands(), p.check(), p.itself(), p.open(), p.ask(),
	}
	return strings.Join(parts, "\n\n") + "\n"
}

func (p procedure) serves() string {
	h := p.status.History
	lines := []string{"## What serves", "", "* By the record: " + labelOr(h.Serving(), "nothing was released yet") + "."}
	if seen := p.status.Serving; seen != nil && seen.Known {
		text := "nothing"
		if arm := seen.Baseline; arm != nil {
			text = fmt.Sprintf("%s at %g %%", arm.Payload.Label(), arm.Weight)
			if c := seen.Canary; c != nil && c.Weight > 0 {
				text += fmt.Sprintf(", %s at %g %%", c.Payload.Label(), c.Weight)
			}
		}
		lines = append(lines, "* By the target: "+text+".")
	} else if parts := p.status.Parts; len(parts) > 0 {
		for _, l := range parts {
			lines = append(lines, fmt.Sprintf("* By the target %s: %s.", l.Name, servesNow(l.Serving)))
		}
	} else {
		lines = append(lines, "* By the target: not known, it could not be seen.")
	}
	if open := h.Open(); open != nil && open.Kind == BackOut && !open.turnsBack() {
		lines = append(lines, fmt.Sprintf("* Rollout %d, a rollback to %s, is open (%s); to bring it to its end: `sluice continue %s`.", open.Number, open.Spec.Payload.Label(), open.State, p.status.Key))
	} else if open != nil {
		lines = append(lines, fmt.Sprintf("* Rollout %d of %s is open (%s); stopping it goes back to %s.", open.Number, open.Spec.Payload.Label(), open.State, labelOr(open.Baseline, "nothing")))
	} else if p.to != nil {
		lines = append(lines, fmt.Sprintf("* A rollback goes to %s (`%s`).", p.to.Label(), p.to.Reference))
	} else {
		lines = append(lines, "* A rollback has nowhere to go: nothing that succeeded before is free of quarantine.")
	}
	return strings.Join(lines, "\n")
}

func (p procedure) commands() string {
	key := p.status.Key
	return strings.Join([]string{
		"## What to type", "",
		"No gate, window, hold or lease delays these.", "",
		"```shell",
		"# Look first: what would be done, and whether the way is open.",
		fmt.Sprintf("sluice rollback %s --dry-run", key), "",
		"# A rollout is under way: stop it. All traffic goes back at once.",
		fmt.Sprintf("sluice abort %s --reason \"...\"", key), "",
		"# No rollout is under way: go back to what served before.",
		fmt.Sprintf("sluice rollback %s --reason \"...\"", key), "",
		"# The ledger is lost: save this file while all is well, and go back by it alone.",
		fmt.Sprintf("sluice rollback %s --write-spec %s.json", p.one(), p.spec.Service),
		fmt.Sprintf("sluice rollback --spec %s.json --reason \"...\"", p.spec.Service), "",
		"# Nothing new until this is understood.",
		fmt.Sprintf("sluice hold service/%s --reason \"...\"", p.spec.Service),
		"```",
	}, "\n")
}

// one is the release, or the first of its targets where something is done for each of
// them on its own.
func (p procedure) one() Key {
	if p.spec.Waved() {
		return p.status.Key.Part(p.spec.Targets[0].Name)
	}
	return p.status.Key
}

func (p procedure) check() string {
	key := p.status.Key
	lines := []string{
		"## How to see that it worked", "",
		fmt.Sprintf("1. `sluice status %s` says what should serve, `sluice drift %s` what does.", key, key),
		"2. `sluice verify` says that the record is whole.",
		"3. The artifact that was left is quarantined: `terraform plan` must not offer to ship it again before somebody lifts that.",
	}
	for i, name := range p.spec.Strategy.Analysis.MetricNames() {
		lines = append(lines, fmt.Sprintf("%d. Look at the metric `%s`, by which this release is judged.", i+4, name))
	}
	return strings.Join(lines, "\n")
}

// itself says what happens without anybody.
func (p procedure) itself() string {
	pol := p.spec.Policy.Normalize()
	lines := []string{"## What happens by itself", ""}
	switch {
	case p.spec.Mode == Observe:
		lines = append(lines, "Nothing: the release is in mode `observe`.")
	case p.spec.Irreversible:
		lines = append(lines, "Nothing goes back by itself, for the release is declared irreversible. Harm pauses the rollout and waits for a person.")
	case !pol.automatic():
		lines = append(lines, "Nothing goes back by itself: the rollback policy leaves it to a person. A trigger pauses the rollout.")
	default:
		lines = append(lines, fmt.Sprintf("* During the steps, a rollout goes back on %s.", list(pol.On(false))))
		if on := pol.On(true); len(on) > 0 {
			lines = append(lines, fmt.Sprintf("* During the bake, on %s.", list(on)))
		} else {
			lines = append(lines, "* During the bake, it never does; it pauses for a person.")
		}
		lines = append(lines, fmt.Sprintf("* It goes back %s, at most %s within 24 hours; then it pauses for a person.", pol.way(), times(pol.maxPerDay(), "time")))
		lines = append(lines, fmt.Sprintf("* The old artifact stays up for %s after 100 %%.", field.FormatDuration(p.spec.BakeTime())))
		lines = append(lines, fmt.Sprintf("* Where the target has a dead-man switch, it goes back %s after the last sign of a driver.", p.spec.Strategy.RevertAfter))
	}
	return strings.Join(lines, "\n")
}

// open says whether the way is open now, and how long it takes.
func (p procedure) open() string {
	lines := []string{"## Whether the way is open", ""}
	if len(p.rehearsal.Lines) == 0 {
		return strings.Join(append(lines, "There is nowhere to go back to, so there was nothing to look at."), "\n")
	}
	lines = append(lines, "| part | answer | why | what to do |", "|---|---|---|---|")
	for _, l := range p.rehearsal.Lines {
		answer := string(l.Status)
		if l.Status != gate.Pass {
			answer = "**" + answer + "**"
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |", l.Part, answer, mdCell(l.Reason), mdCell(l.Remedy)))
	}
	return strings.Join(append(lines, "", "How long it takes: "+p.rehearsal.Takes()+"."), "\n")
}

// ask says who knows more.
func (p procedure) ask() string {
	lines := []string{"## Whom to ask", ""}
	if d := p.spec.Definition; d != nil && d.Team != "" {
		lines = append(lines, fmt.Sprintf("* The team `%s` owns %s.", d.Team, d.Name))
		if d.Criticality != "" {
			lines = append(lines, fmt.Sprintf("* Its criticality is %s.", d.Criticality))
		}
		if len(d.Dependencies) > 0 {
			lines = append(lines, fmt.Sprintf("* It needs %s.", list(d.Dependencies)))
		}
	} else {
		lines = append(lines, "* No team is declared: give the release a `service_definition` with one.")
	}
	if o := p.status.History.Owner; o != nil && o.Label != "" {
		lines = append(lines, fmt.Sprintf("* The Terraform state of `%s` manages the release.", o.Label))
	}
	return strings.Join(lines, "\n")
}

func labelOr(p *artifact.Payload, none string) string {
	if p == nil {
		return none
	}
	return p.Label()
}

// mdCell keeps text from ending a cell of a table.
func mdCell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(s)
}
