package judge

import "math"

// decision is a verdict without its words, so that simulations can afford it.
type decision struct {
	kind    Kind
	action  Action
	logHarm float64
	// harmful and share say which thresholds were reached; starved is the first
	// critical metric that had no exposure for too long, or -1.
	harmful, share bool
	starved        int
}

// decide is the whole rule of the verdict. Harm goes before everything, since
// doubts about the counts must not delay a rollback; a doubt goes before safety.
func (s *State) decide(tick Tick, f findings) decision {
	d := decision{kind: Inconclusive, action: None, starved: -1, logHarm: s.harm()}
	d.harmful = d.logHarm >= -math.Log(s.Params.AlphaHarm)
	for i, metric := range s.Metrics {
		if metric.Critical && s.Sums[i].Missing >= s.Params.NoExposureTicks && d.starved < 0 {
			d.starved = i
		}
	}
	d.share = s.logShare() >= -math.Log(s.Params.Traffic.Alpha)
	switch {
	case d.harmful || f.fast >= 0 || tick.Unhealthy != "":
		d.kind, d.action = Harm, Rollback
	case d.share || d.starved >= 0:
		d.action = Pause
	case !f.doubtful(s.Metrics) && s.safe():
		d.kind = Safe
	}
	return d
}

// doubtful says whether this tick must not end in a verdict of safe: something
// in it cannot be right, or a critical metric was not measured.
func (f *findings) doubtful(metrics []Metric) bool {
	if f.late || len(f.unknown) > 0 {
		return true
	}
	for i, metric := range metrics {
		if f.invalid[i] != nil || (metric.Critical && f.missing[i]) {
			return true
		}
	}
	return false
}

// safe says whether every critical metric is proved safe in this step.
func (s *State) safe() bool {
	for i, metric := range s.Metrics {
		if metric.Critical && s.safeBy(i) == "" {
			return false
		}
	}
	return true
}

// safeBy names the test that proves metric i safe, or is empty. Each test has
// half of alpha_safe.
func (s *State) safeBy(i int) string {
	need := -math.Log(s.Params.AlphaSafe / 2)
	relative, ceiling := s.Sums[i].logSafe()
	switch {
	case relative >= need:
		return "relative"
	case ceiling >= need:
		return "ceiling"
	}
	return ""
}

// verdict puts a decision into words and numbers.
func (s *State) verdict(tick Tick, f findings) Verdict {
	d := s.decide(tick, f)
	v := Verdict{
		Version: Version, Step: tick.Step, Kind: d.kind, Action: d.action,
		At: finite(tick.At), Weight: finite(tick.Weight),
		EHarm: evidence(d.logHarm), HarmAt: shown(1 / s.Params.AlphaHarm),
		SafeAt: shown(2 / s.Params.AlphaSafe), EShare: evidence(s.logShare()),
		Metrics: make([]Evidence, len(s.Metrics)),
	}
	for i := range s.Metrics {
		v.Metrics[i] = s.evidenceOf(i)
	}
	v.Reasons = s.reasons(tick, f, d, &v)
	v.Warnings = s.warnings(f)
	return v
}

// finite replaces what JSON cannot hold. Only a tick that was refused has it.
func finite(value float64) float64 {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return UnknownWeight
	}
	return value
}

func (s *State) evidenceOf(i int) Evidence {
	u, m := &s.Sums[i], s.Metrics[i]
	relative, ceiling := u.logSafe()
	by := s.safeBy(i)
	return Evidence{
		Metric: m.Name, Critical: m.Critical, Safe: by != "", SafeBy: by,
		EHarm: evidence(u.logHarm(&s.Params)), ESafeRelative: evidence(relative), ESafeCeiling: evidence(ceiling),
		Ratio: u.ratio(), RatioLow: shown(u.Events.low(&s.Params)), RatioHigh: u.Events.high(&s.Params),
		BadCanary: u.BadCanary, TotalCanary: u.TotalCanary,
		BadBaseline: u.BadBaseline, TotalBaseline: u.TotalBaseline,
		Dispersion: m.dispersion(s.Params),
	}
}
