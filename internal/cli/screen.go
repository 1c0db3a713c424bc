package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// screen is the block that sluice watch draws over and over on a terminal: who
// drives, how far it is, and what each metric says. It fits into width columns.
func screen(r *release.Rollout, key release.Key, driver string, last *judge.Verdict, now time.Time, width int) []string {
	lines := []string{
		clipped(fmt.Sprintf("%s %s   %s   rollout %d   %s", key.Service, fromTo(r), key.Environment, r.Number, driver), width),
		ProgressLine(r, now, width),
	}
	if last != nil && len(last.Metrics) > 0 {
		lines = append(lines, strings.Split(metricsTable(r, *last), "\n")...)
	}
	for i, line := range lines {
		lines[i] = clipped(line, width)
	}
	return lines
}

// metricsTable has a row for each metric: the counts in both arms, and what the
// judge makes of them.
func metricsTable(r *release.Rollout, v judge.Verdict) string {
	old := "-"
	if r.Baseline != nil {
		old = r.Baseline.Label()
	}
	t := newTable("", clipped(r.Spec.Payload.Label(), 22), clipped(old, 22), "harm", "")
	style := t.Style()
	style.Format.Header = text.FormatDefault
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMax: 14, WidthMaxEnforcer: func(s string, n int) string { return clipped(s, n) }}})
	for _, m := range v.Metrics {
		t.AppendRow(table.Row{
			m.Metric, arm(m.BadCanary, m.TotalCanary), arm(m.BadBaseline, m.TotalBaseline),
			evidence(m.EHarm), saysOf(m, v),
		})
	}
	return indented(t.Render()) + fmt.Sprintf("\n  evidence of harm %s; %s means harm", evidence(v.EHarm), evidence(v.HarmAt))
}

// arm writes the counts of one arm.
func arm(bad, total float64) string {
	if total == 0 {
		return "no data"
	}
	return fmt.Sprintf("%s of %s (%s)", number(bad), number(total), share(bad, total))
}

// saysOf is what a metric says by itself.
func saysOf(m judge.Evidence, v judge.Verdict) string {
	switch {
	case v.Kind == judge.Harm && m.EHarm >= v.HarmAt:
		return "harm"
	case m.Safe:
		return "safe"
	case m.Critical:
		return "not safe yet"
	default:
		return "watched"
	}
}
