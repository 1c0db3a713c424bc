package cli

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// statusText writes one table, and below it what needs more room than a cell.
func (a *app) statusText(o overview) {
	if len(o.releases) == 0 {
		a.say("No release yet. The first terraform apply of a sluice_release records one.")
	} else {
		t := newTable("release", "serving", "state", "last rollout")
		t.SetColumnConfigs([]table.ColumnConfig{
			{Number: 1, WidthMax: 30, WidthMaxEnforcer: text.WrapText},
			{Number: 2, WidthMax: 16, WidthMaxEnforcer: text.WrapText},
		})
		for _, v := range o.releases {
			h := v.history
			t.AppendRow(table.Row{h.Key.String(), label(h.Serving()), a.stateCell(h), a.lastCell(h)})
		}
		a.say("%s", t.Render())
	}
	a.underWay(o)
	a.listRequests(o)
	a.listHolds(o)
	a.listQuarantine(o)
	a.listFormers(o)
	a.listNeeds(o)
}

// stateCell is the open rollout's state, or that there is none.
func (a *app) stateCell(h *release.History) string {
	open := h.Open()
	if open == nil {
		if h.Owner == nil {
			return "not managed"
		}
		if h.Mixed() {
			p := h.Last().Waves
			return a.paint(a.stdout, text.FgRed, fmt.Sprintf("mixed, %d of %d", len(p.Serve()), p.Total()))
		}
		return words(stateSteady)
	}
	cell := words(open.State) + ", " + percent(open.Weight)
	colour := text.FgYellow
	if open.State.GoingBack() {
		colour = text.FgRed
	}
	return a.paint(a.stdout, colour, cell)
}

// lastCell is how the last closed rollout ended.
func (a *app) lastCell(h *release.History) string {
	for i := len(h.Rollouts) - 1; i >= 0; i-- {
		r := h.Rollouts[i]
		if !r.State.Final() {
			continue
		}
		colour := text.FgGreen
		if r.State != release.Succeeded {
			colour = text.FgRed
		}
		return fmt.Sprintf("%d: %s %s", r.Number,
			a.paint(a.stdout, colour, words(r.State)), ago(a.clock.Now().Sub(r.ClosedAt)))
	}
	switch {
	case h.Last() != nil || len(h.Succeeded) == 0:
		return "none"
	case h.Renamed != nil:
		return "none, renamed"
	default:
		return "none, adopted"
	}
}

func (a *app) underWay(o overview) {
	title := "\nUnder way"
	for _, v := range o.releases {
		r := v.history.Open()
		if r == nil {
			continue
		}
		a.header(&title)
		a.say("  %s   %s   rollout %d   by %s", v.history.Key, fromTo(r), r.Number, r.OpenedBy)
		a.say("  %s", ProgressLine(r, a.clock.Now(), room(a.stdout)-2))
		a.say("%s", prose.Wrapped(a.driver(v, r), "  ", width(a.stdout)))
		if v.lease.Holder == "" {
			a.say("%s", prose.Wrapped(nextLook(r), "  ", width(a.stdout)))
		}
		for _, line := range v.waits {
			a.say("%s", prose.Wrapped(line, "  ", width(a.stdout)))
		}
		if r.Trigger != "" {
			a.say("%s", prose.Wrapped("the trigger "+r.Trigger+" fired: "+reason(r), "  ", width(a.stdout)))
		}
	}
}

// nextLook says who goes on with a rollout that nobody drives now, by when, and what
// happens when they do not.
func nextLook(r *release.Rollout) string {
	p := r.Progress()
	text := fmt.Sprintf("next look at %s by %s", instant(p.NextLookAt), p.By)
	if !p.RevertsAt.IsZero() {
		text += fmt.Sprintf("; the target goes back by itself at %s", instant(p.RevertsAt))
	}
	return text
}

// heard is when the last word of an open rollout was recorded. Whether its driver
// lives, one look cannot tell: see watchLives.
func heard(r *release.Rollout) time.Time {
	last := r.OpenedAt
	for _, at := range []time.Time{r.MovedAt, r.StepAt, r.TickAt} {
		if at.After(last) {
			last = at
		}
	}
	return last
}

// listRequests shows what somebody asked for and nobody has taken up.
func (a *app) listRequests(o overview) {
	title := "\nAsked for"
	for _, v := range o.releases {
		if req := v.history.BackRequest; req != nil {
			a.header(&title)
			a.say("  %s  to go back, by %s; the next driver takes it up", v.history.Key, req.By)
			a.say("%s", prose.Wrapped(req.Reason, "    ", width(a.stdout)))
		}
	}
}

func (a *app) listHolds(o overview) {
	title := "\nHolds"
	for _, h := range o.holds {
		a.header(&title)
		a.say("  %s", holdLines(h, a.clock.Now()))
	}
}

func (a *app) listQuarantine(o overview) {
	title := "\nQuarantine"
	for _, v := range o.releases {
		for _, q := range quarantineOf(v.history) {
			a.header(&title)
			a.quarantineLine(q)
		}
	}
}

// header writes a section's title once, before its first line.
func (a *app) header(title *string) {
	if *title != "" {
		a.say("%s", *title)
		*title = ""
	}
}

func (a *app) quarantineLine(q quarantineJSON) {
	a.say("  %s  %s  since %s, by %s", q.Release, versionOf(q.Payload), instant(q.At), q.By)
	a.say("%s", prose.Wrapped(q.Reason, "    ", width(a.stdout)))
}

// versionOf is what people call a payload.
func versionOf(p payloadJSON) string {
	if p.Version != "" {
		return p.Version
	}
	return clipped(p.Key, 19)
}
