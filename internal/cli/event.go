package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// eventJSON is one thing that happened in a rollout: a line of sluice watch, an
// entry of sluice history --rollout.
type eventJSON struct {
	// Seq is the number of the record that says so.
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	Rollout int       `json:"rollout"`
	// Event is the record's kind.
	Event string `json:"event"`
	// State, Step (from 1) and Weight are the rollout's after the event.
	State  string  `json:"state"`
	Step   int     `json:"step"`
	Steps  int     `json:"steps"`
	Weight float64 `json:"weight"`
	By     string  `json:"by"`
	// Text says it in words.
	Text string `json:"text"`
	// Verdict and Evidence are a tick's; empty and null elsewhere.
	Verdict  string   `json:"verdict"`
	Evidence *float64 `json:"evidence"`
	// Metrics has what was counted since the rollout began, by the metric.
	Metrics []metricJSON `json:"metrics"`
}

// metricJSON is what is known of a metric.
type metricJSON struct {
	Metric        string   `json:"metric"`
	Critical      bool     `json:"critical"`
	Safe          bool     `json:"safe"`
	Evidence      float64  `json:"evidence"`
	Ratio         *float64 `json:"ratio"`
	RatioLow      float64  `json:"ratio_low"`
	RatioHigh     *float64 `json:"ratio_high"`
	BadCanary     float64  `json:"bad_canary"`
	TotalCanary   float64  `json:"total_canary"`
	BadBaseline   float64  `json:"bad_baseline"`
	TotalBaseline float64  `json:"total_baseline"`
}

// eventOf translates a record that the history was just given. It is false for
// records that say nothing to people: intents, whose outcome follows, and what is
// not about a rollout.
func eventOf(h *release.History, rec ledger.Record) (eventJSON, bool, error) {
	r := h.Last()
	// A quarantine by hand, beside any rollout, is not the last one's doing.
	if r == nil || rec.Kind == release.KindIntent || rec.Kind == release.KindQuarantined && h.Open() == nil {
		return eventJSON{}, false, nil
	}
	e := eventJSON{
		Seq: rec.Seq, At: rec.At, Rollout: r.Number, Event: rec.Kind, State: string(r.State),
		Step: min(r.Step+1, len(r.Steps)), Steps: len(r.Steps), Weight: r.Weight, By: rec.Actor,
		Metrics: []metricJSON{},
	}
	if rec.Kind == release.KindTick {
		var b release.TickBody
		if err := json.Unmarshal(rec.Body, &b); err != nil {
			return e, false, err
		}
		e.tick(r, b)
		return e, true, nil
	}
	text, err := wordsOf(r, rec)
	e.Text = text
	return e, text != "", err
}

// tick fills in what the judge saw and said.
func (e *eventJSON) tick(r *release.Rollout, b release.TickBody) {
	e.Step, e.Weight = b.Step+1, b.Weight
	var parts []string
	if v := b.Verdict; v != nil {
		e.Verdict, e.Evidence = string(v.Kind), &v.EHarm
		for _, m := range v.Metrics {
			e.Metrics = append(e.Metrics, toMetric(m))
			parts = append(parts, countsOf(r, m))
		}
		parts = append(parts, verdictOf(*v))
	} else if b.Observed {
		parts = append(parts, "looked; there is nothing to judge")
	}
	if len(b.Away) > 0 {
		parts = append(parts, strings.Join(b.Away, ", "))
	}
	for _, f := range b.Fired {
		does := "fires"
		if f.Off {
			does = "would fire, and is off in this part of the rollout"
		}
		parts = append(parts, fmt.Sprintf("the trigger %s %s: %s", f.Label(), does, f.Text))
	}
	if len(b.Problems) > 0 {
		parts = append(parts, "unable to read: "+strings.Join(b.Problems, ", "))
	}
	if len(parts) == 0 {
		parts = append(parts, "looked, and could not tell")
	}
	e.Text = strings.Join(parts, "; ")
}

func toMetric(m judge.Evidence) metricJSON {
	return metricJSON{
		Metric: m.Metric, Critical: m.Critical, Safe: m.Safe, Evidence: m.EHarm,
		Ratio: m.Ratio, RatioLow: m.RatioLow, RatioHigh: m.RatioHigh,
		BadCanary: m.BadCanary, TotalCanary: m.TotalCanary, BadBaseline: m.BadBaseline, TotalBaseline: m.TotalBaseline,
	}
}

// countsOf writes a metric's counts in both arms.
func countsOf(r *release.Rollout, m judge.Evidence) string {
	if m.TotalCanary == 0 {
		return fmt.Sprintf("%s: no data yet on %s", m.Metric, r.Spec.Payload.Label())
	}
	s := fmt.Sprintf("%s %s of %s on %s", m.Metric, number(m.BadCanary), number(m.TotalCanary), r.Spec.Payload.Label())
	if r.Baseline != nil && m.TotalBaseline > 0 {
		s += fmt.Sprintf(", %s of %s on %s", number(m.BadBaseline), number(m.TotalBaseline), r.Baseline.Label())
	}
	return s
}

// verdictOf writes a verdict with the number it rests on.
func verdictOf(v judge.Verdict) string {
	s := string(v.Kind)
	switch v.Kind {
	case judge.Harm:
		s += fmt.Sprintf(", evidence %s to 1", evidence(v.EHarm))
	case judge.Inconclusive:
		s += fmt.Sprintf(", evidence of harm %s", evidence(v.EHarm))
	}
	if v.Action == judge.Pause && len(v.Reasons) > 0 {
		s += ": " + v.Reasons[0].Text
	}
	return s
}
