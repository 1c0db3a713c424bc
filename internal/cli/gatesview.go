package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// forecastJSON is one rollout that is to come, in sluice gates --json.
type forecastJSON struct {
	// Address is the resource's in the plan, and Action create or update; both are
	// empty where no plan was asked about.
	Address string      `json:"address"`
	Action  string      `json:"action"`
	Release string      `json:"release"`
	Payload payloadJSON `json:"payload"`
	// CanStart is true when every gate passes now. StartAt is when all of them may
	// pass at the earliest, null when nobody can tell.
	CanStart bool       `json:"can_start"`
	StartAt  *time.Time `json:"start_at"`
	// TakesSeconds is the least time from the start to the end of the bake.
	TakesSeconds float64    `json:"takes_seconds"`
	Gates        []gateJSON `json:"gates"`
	Steps        []string   `json:"steps"`
	// Obstacles is what the target says is in the way.
	Obstacles []string `json:"obstacles"`
	Warnings  []string `json:"warnings"`
	// Rehearsal is what was found of the way back; null in mode observe.
	Rehearsal *rehearsalJSON `json:"rehearsal"`
}

// gateJSON is the answer of one gate.
type gateJSON struct {
	Gate string `json:"gate"`
	// Status is pass, fail or unknown; unknown blocks as fail does.
	Status string     `json:"status"`
	Reason string     `json:"reason"`
	Remedy string     `json:"remedy"`
	NextAt *time.Time `json:"next_at"`
	// Override says who overrode what, where the gate passes only for that.
	Override string `json:"override"`
}

func toForecast(address, action string, f release.Forecast, warnings []string) forecastJSON {
	out := forecastJSON{
		Address: address, Action: action, Release: f.Key.String(), Payload: toPayload(f.Payload),
		CanStart: f.CanStart, StartAt: timeOrNull(f.StartAt), TakesSeconds: f.Takes.Seconds(),
		Gates: []gateJSON{}, Steps: append([]string{}, f.Steps...),
		Obstacles: []string{}, Warnings: append(append([]string{}, warnings...), f.Warnings...),
		Rehearsal: toRehearsal(f.Rehearsal),
	}
	for _, g := range f.Gates {
		out.Gates = append(out.Gates, gateJSON{
			Gate: g.Gate, Status: string(g.Status), Reason: g.Reason, Remedy: g.Remedy, NextAt: timeOrNull(g.NextAt),
			Override: g.Override,
		})
	}
	for _, o := range f.Obstacles {
		s := o.What
		if o.Remedy != "" {
			s += " (" + o.Remedy + ")"
		}
		out.Obstacles = append(out.Obstacles, s)
	}
	return out
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// headline says in a sentence whether it can start.
func (f forecastJSON) headline() string {
	s := fmt.Sprintf("%s %s ", f.Release, versionOf(f.Payload))
	for _, g := range f.Gates {
		if g.Override != "" {
			s = "OVERRIDE: " + g.Override + "; " + s
		}
	}
	switch {
	case f.CanStart:
		return s + "can start now"
	case f.StartAt != nil:
		return s + "is blocked now; it can start at " + instant(*f.StartAt) + " at the earliest"
	default:
		return s + "is blocked now; nobody can tell until when"
	}
}

const neverHeld = "A rollback is never held up by these."

func (f forecastJSON) takes() string {
	if f.TakesSeconds == 0 {
		return ""
	}
	return "About " + strings.TrimPrefix(about(seconds(f.TakesSeconds)), "~") + " from start to the end of the bake. "
}

func (a *app) gatesText(list []forecastJSON) {
	if len(list) == 0 {
		a.say("The plan opens no rollout.")
		return
	}
	for i, f := range list {
		if i > 0 {
			a.say("")
		}
		a.say("%s", prose.Wrapped(f.headline(), "", width(a.stdout)))
		t := newTable("gate", "answer", "why")
		t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 54, WidthMaxEnforcer: text.WrapSoft}})
		for _, g := range f.Gates {
			colour := text.FgGreen
			if g.Status != string(gate.Pass) {
				colour = text.FgRed
			}
			t.AppendRow(table.Row{g.Gate, a.paint(a.stdout, colour, g.Status), g.why()})
		}
		a.say("%s", indented(t.Render()))
		for _, g := range f.Gates {
			a.remedyLines(g)
		}
		for _, s := range f.Steps {
			a.say("  step  %s", s)
		}
		for _, o := range f.Obstacles {
			a.say("%s", prose.Wrapped("The target is not ready: "+o, "  ", width(a.stdout)))
		}
		a.rehearsalText(f.Rehearsal)
		if takes := f.takes(); takes != "" {
			a.say("  %s", strings.TrimSpace(takes))
		}
		a.say("  %s", neverHeld)
		for _, w := range f.Warnings {
			a.note("%s", prose.Wrapped("Warning: "+f.Release+": "+w, "", width(a.stderr)))
		}
	}
}

// remedyLines says what lets a gate pass. A command stands on a line of its own, to
// be copied.
func (a *app) remedyLines(g gateJSON) {
	if g.Status == string(gate.Pass) || g.Remedy == "" {
		return
	}
	text, command, found := strings.Cut(g.Remedy, "sluice ")
	if text = strings.TrimSpace(text); text == "" {
		text = "to let it pass:"
	}
	a.say("%s", prose.Wrapped(g.Gate+": "+text, "  ", width(a.stdout)))
	if found {
		a.say("    sluice %s", strings.ReplaceAll(command, "\n", "\n    "))
	}
}

func (g gateJSON) why() string {
	s := g.Reason
	if g.NextAt != nil {
		s += " (until " + instant(*g.NextAt) + ")"
	}
	return strings.TrimSpace(s)
}

// gatesMarkdown writes what a pull request shows.
func (a *app) gatesMarkdown(list []forecastJSON) {
	if len(list) == 0 {
		a.say("The plan opens no rollout.")
		return
	}
	for _, f := range list {
		a.say("### %s\n", f.headline())
		if f.Address != "" {
			a.say("`%s` (%s)\n", f.Address, f.Action)
		}
		a.say("| gate | answer | why | what to do |\n|---|---|---|---|")
		for _, g := range f.Gates {
			answer := g.Status
			if g.Status != string(gate.Pass) {
				answer = "**" + g.Status + "**"
			}
			a.say("| %s | %s | %s | %s |", g.Gate, answer, cell(g.why()), cell(g.Remedy))
		}
		a.say("")
		for i, s := range f.Steps {
			a.say("%d. %s", i+1, s)
		}
		a.rehearsalMarkdown(f.Rehearsal)
		a.say("\n%s%s\n", f.takes(), neverHeld)
		for _, w := range append(f.Obstacles, f.Warnings...) {
			a.say("> %s\n", strings.ReplaceAll(w, "\n", " "))
		}
	}
}

// cell keeps text from ending a cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(s)
}
