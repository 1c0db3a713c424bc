package cli

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// rehearsalJSON is what was found of a way back.
type rehearsalJSON struct {
	// To would serve again, null where nothing serves.
	To *payloadJSON `json:"to"`
	// Holds is true when every finding passes.
	Holds    bool       `json:"holds"`
	Findings []partJSON `json:"findings"`
	// Takes says in words how long going back takes. LongestSeconds is the longest of
	// the last ways back that the ledger timed, null when there is none.
	Takes          string   `json:"takes"`
	LongestSeconds *float64 `json:"longest_seconds"`
}

// partJSON is one part of a rehearsal.
type partJSON struct {
	Part   string `json:"part"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Remedy string `json:"remedy"`
}

func toRehearsal(r *release.Rehearsal) *rehearsalJSON {
	if r == nil {
		return nil
	}
	out := &rehearsalJSON{To: toPayloadOrNull(r.To), Holds: r.Holds(), Findings: []partJSON{}, Takes: r.Takes()}
	if r.Measured > 0 {
		longest := r.Longest.Std().Seconds()
		out.LongestSeconds = &longest
	}
	for _, l := range r.Lines {
		out.Findings = append(out.Findings, partJSON{Part: l.Part, Status: string(l.Status), Reason: l.Reason, Remedy: l.Remedy})
	}
	return out
}

// rehearsalText shows the findings as the gates are shown.
func (a *app) rehearsalText(r *rehearsalJSON) {
	if r == nil {
		return
	}
	to := "nothing, since nothing serves"
	if r.To != nil {
		to = versionOf(*r.To)
	}
	a.say("%s", prose.Wrapped(fmt.Sprintf("The way back, to %s; how long it takes: %s.", to, r.Takes), "  ", width(a.stdout)))
	t := newTable("part", "answer", "why")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 54, WidthMaxEnforcer: text.WrapSoft}})
	for _, f := range r.Findings {
		colour := text.FgGreen
		if f.Status != string(gate.Pass) {
			colour = text.FgRed
		}
		why := f.Reason
		if f.Remedy != "" {
			why += " (" + f.Remedy + ")"
		}
		t.AppendRow(table.Row{f.Part, a.paint(a.stdout, colour, f.Status), why})
	}
	a.say("%s", indented(t.Render()))
}

// rehearsalMarkdown shows the findings in a pull request.
func (a *app) rehearsalMarkdown(r *rehearsalJSON) {
	if r == nil {
		return
	}
	a.say("\n| the way back | answer | why | what to do |\n|---|---|---|---|")
	for _, f := range r.Findings {
		a.say("| %s | %s | %s | %s |", f.Part, f.Status, cell(f.Reason), cell(f.Remedy))
	}
	a.say("\nHow long it takes: %s.", r.Takes)
}

// rehearsalWords says in one line of a rollout's history what was found.
func rehearsalWords(r release.Rehearsal) string {
	if r.Holds() {
		return "the way back was found to be open"
	}
	var parts []string
	for _, l := range r.Lines {
		if l.Status != gate.Pass {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", l.Part, l.Status, l.Reason))
		}
	}
	return "the way back was not found to be open: " + strings.Join(parts, "; ")
}
