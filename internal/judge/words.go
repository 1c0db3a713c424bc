package judge

import (
	"fmt"
	"strings"
)

// reasons lists the grounds of a decision, the gravest first.
func (s *State) reasons(tick Tick, f findings, d decision, v *Verdict) []Reason {
	var r []Reason
	if tick.Unhealthy != "" {
		r = append(r, Reason{CodeUnhealthy, "", "the canary is unhealthy: " + tick.Unhealthy})
	}
	if f.fast >= 0 {
		name := s.Metrics[f.fast].Name
		r = append(r, Reason{CodeFastLane, name, fmt.Sprintf(
			"%s: one tick with at least %g requests on the canary, %g %% or more of them bad; so far %s",
			name, s.Params.FastLane.MinRequests, 100*s.Params.FastLane.BadShare, v.Metrics[f.fast].counts())})
	}
	if d.harmful {
		e := s.worst(v)
		r = append(r, Reason{CodeEvidence, e.Metric, fmt.Sprintf(
			"%s: %s; evidence for harm %.3g to 1, of %.3g needed", e.Metric, e.counts(), v.EHarm, v.HarmAt)})
	}
	if d.share {
		r = append(r, Reason{CodeTrafficShare, "", fmt.Sprintf(
			"the observed traffic is not split as configured, %g %% to the canary; evidence %.3g to 1", tick.Weight, v.EShare)})
	}
	if d.starved >= 0 {
		name := s.Metrics[d.starved].Name
		r = append(r, Reason{CodeNoExposure, name, fmt.Sprintf(
			"%s: no exposure on the canary for %d ticks in a row", name, s.Sums[d.starved].Missing)})
	}
	r = append(r, s.doubts(tick, f)...)
	switch {
	case d.kind == Safe:
		r = append(r, Reason{CodeSafe, "", "every critical metric is proved safe in this step"})
	case len(r) == 0:
		r = append(r, Reason{CodeMore, "", s.waiting(v)})
	}
	return r
}

// doubts lists what keeps this tick from a verdict of safe.
func (s *State) doubts(tick Tick, f findings) []Reason {
	var r []Reason
	switch {
	case f.badWeight:
		r = append(r, Reason{CodeInvalid, "", fmt.Sprintf("the tick at %v with weight %v was not counted; "+
			"allowed are a finite time and a weight from 0 to 100, or -1 for unknown", tick.At, tick.Weight)})
	case f.late:
		r = append(r, Reason{CodeInvalid, "", fmt.Sprintf("the tick at %v was not counted; "+
			"allowed is a time after %v, the last one's", tick.At, s.At)})
	}
	for _, name := range f.unknown {
		r = append(r, Reason{CodeInvalid, name, fmt.Sprintf("%s is no metric of this rollout; allowed are %s", name, names(s.Metrics))})
	}
	for i, metric := range s.Metrics {
		switch {
		case f.invalid[i] != nil:
			r = append(r, Reason{CodeInvalid, metric.Name, f.invalid[i].Error()})
		case metric.Critical && f.missing[i] && !f.late:
			r = append(r, Reason{CodeMissing, metric.Name, metric.Name + ": no exposure on the canary in this tick"})
		}
	}
	return r
}

// waiting names the critical metrics that are not proved safe yet.
func (s *State) waiting(v *Verdict) string {
	var open []string
	for _, e := range v.Metrics {
		if e.Critical && !e.Safe {
			open = append(open, e.Metric)
		}
	}
	return "neither harm nor safety is proved yet; not yet safe: " + strings.Join(open, ", ")
}

// worst is the metric with the most evidence for harm, by importance.
func (s *State) worst(v *Verdict) Evidence {
	best := 0
	for i := range v.Metrics {
		if v.Metrics[i].EHarm*s.Metrics[i].Importance > v.Metrics[best].EHarm*s.Metrics[best].Importance {
			best = i
		}
	}
	return v.Metrics[best]
}

// counts puts both arms' counts into a clause.
func (e Evidence) counts() string {
	return arm(e.BadCanary, e.TotalCanary, "canary") + ", " + arm(e.BadBaseline, e.TotalBaseline, "baseline")
}

func arm(bad, total float64, name string) string {
	if total == 0 {
		return "nothing on the " + name
	}
	return fmt.Sprintf("%.6g bad of %.9g on the %s (%.3g %%)", bad, total, name, 100*bad/total)
}

// warnings lists what does not change the verdict but should be known.
func (s *State) warnings(f findings) []string {
	var w []string
	for i, metric := range s.Metrics {
		if metric.Dispersion == 0 {
			w = append(w, fmt.Sprintf("%s: the dispersion is unknown, so its counts are divided by %g; "+
				"a day of the baseline's history would tell", metric.Name, s.Params.UnknownDispersion))
		}
		if f.invalid[i] != nil {
			w = append(w, fmt.Sprintf("%s: counts were left out: %v", metric.Name, f.invalid[i]))
		}
	}
	return w
}

// names lists the metrics' names for a message.
func names(metrics []Metric) string {
	all := make([]string, len(metrics))
	for i, metric := range metrics {
		all[i] = fmt.Sprintf("%q", metric.Name)
	}
	return strings.Join(all, ", ")
}

// errTwice says that a tick has two entries of one metric.
func errTwice(name string) error {
	return fmt.Errorf("%w: metric %q is there twice in one tick; allowed is once", ErrCounts, name)
}
