package prometheus

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Printed is what is asked for one metric of one arm, for people who try it in
// Prometheus itself. Its increases are extrapolated, as those of Prometheus are.
type Printed struct {
	Metric string     `json:"metric"`
	Arm    target.Arm `json:"arm"`
	// All counts all events over the window, and Bad the bad ones.
	All string `json:"all"`
	Bad string `json:"bad"`
}

// Print writes the queries of a configuration over a window. Latencies use
// slowerThan as if there were a bucket with just that bound. It also returns the
// one selector by which a driver asks for all of them.
func Print(config json.RawMessage, slowerThan, window time.Duration) (queries []Printed, selector string, errs field.Errors) {
	p, errs := parse(config)
	if len(errs) > 0 {
		return nil, "", errs
	}
	increase := func(selector string) string { return "sum(increase(" + selector + "[" + promDuration(window) + "]))" }
	bounds := map[string]bound{}
	var all []query
	for _, m := range p.metrics {
		q := query{metric: m, slowerThan: slowerThan}
		if m.latency() {
			// To the nanosecond, which is what a duration has.
			le := math.Round(slowerThan.Seconds()/m.scale*1e9) / 1e9
			bounds[m.name] = bound{Seconds: slowerThan.Seconds(), Texts: []string{strconv.FormatFloat(le, 'f', -1, 64)}}
		}
		all = append(all, q)
		for _, arm := range arms {
			whole, part := p.pair(q, p.arms[arm], bounds[m.name])
			out := Printed{Metric: m.name, Arm: arm, All: increase(whole), Bad: increase(part)}
			if m.latency() {
				out.Bad = out.All + " - " + increase(part)
			}
			queries = append(queries, out)
		}
	}
	return queries, p.selectorOf(wants(all, bounds)), nil
}
