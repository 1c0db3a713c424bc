package timeline

import (
	"fmt"
	"strings"
	"time"
)

// Report is a verdict for people and machines. Times are RFC 3339 in one zone.
type Report struct {
	Reachable bool    `json:"reachable"`
	Reason    string  `json:"reason"`
	From      string  `json:"from"`
	Start     *string `json:"earliest_start"`
	Finish    *string `json:"earliest_finish"`
	// Total is from the instant on which it begins until the finish.
	Total   *string       `json:"total"`
	Stages  []StageReport `json:"stages"`
	Picture string        `json:"picture"`
}

// StageReport is one environment.
type StageReport struct {
	Environment string       `json:"environment"`
	Ready       string       `json:"ready"`
	Start       string       `json:"earliest_start"`
	Finish      string       `json:"earliest_finish"`
	Takes       string       `json:"takes"`
	Basis       string       `json:"takes_from"`
	Soak        string       `json:"soak"`
	Why         string       `json:"why"`
	Waits       []WaitReport `json:"waits"`
}

// WaitReport is one wait for a window. Step is from 1 on; the first waits before
// the start.
type WaitReport struct {
	From   string `json:"from"`
	Until  string `json:"until"`
	Step   int    `json:"step"`
	Window string `json:"window"`
	Reason string `json:"reason"`
}

// Report writes the verdict in a zone.
func (v Verdict) Report(loc *time.Location) Report {
	t := v.Timeline
	// Whole seconds, of which none is over before it is.
	stamp := func(at time.Time) string { return upTo(time.Second, at).In(loc).Format(time.RFC3339) }
	r := Report{Reachable: v.Reachable, Reason: v.Reason, From: stamp(t.From), Stages: []StageReport{}, Picture: v.picture(loc)}
	if v.Never == nil && len(t.Passages) > 0 {
		start, finish, total := stamp(t.Passages[0].Start), stamp(t.Finish()), duration(t.Finish().Sub(t.From))
		r.Start, r.Finish, r.Total = &start, &finish, &total
	}
	for i, p := range t.Passages {
		s := StageReport{
			Environment: p.Environment, Ready: stamp(p.Ready), Start: stamp(p.Start), Finish: stamp(p.Finish),
			Takes: duration(p.Takes()), Basis: p.Basis, Soak: duration(p.Soak), Waits: []WaitReport{},
		}
		for _, w := range p.Waits {
			s.Waits = append(s.Waits, WaitReport{stamp(w.From), stamp(w.Until), w.Step, w.Window, w.Reason})
		}
		var before *Passage
		if i > 0 {
			before = &t.Passages[i-1]
		}
		s.Why = p.why(before, loc)
		r.Stages = append(r.Stages, s)
	}
	return r
}

// why says in words what makes the times of a stage.
func (p Passage) why(before *Passage, loc *time.Location) string {
	parts := []string{"may begin at once"}
	if before != nil {
		parts[0] = "may begin once " + before.Environment + " has it"
		if before.Soak > 0 {
			parts[0] += " and " + duration(before.Soak) + " of soak are over"
		}
	}
	for _, w := range p.Waits {
		what := "waits"
		if w.Step > 1 {
			what = fmt.Sprintf("is interrupted before step %d", w.Step)
		}
		parts = append(parts, fmt.Sprintf("%s until %s: %s", what, instant(w.Until.In(loc)), w.Reason))
	}
	return strings.Join(parts, "; ")
}
