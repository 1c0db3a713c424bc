package prometheus

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// wanted is one name of series with what its labels must match, without the
// arms' label and what is common to all.
type wanted struct {
	name  string
	match matchers
}

// selectorOf writes the one selector that finds all that is wanted. A matcher
// goes to the server only where everything wanted has one for its label, since a
// selector cannot say "or"; the rest is left out on this side.
func (p *plan) selectorOf(all []wanted) string {
	var names []pattern
	shared := matchers{}
	for i, w := range all {
		names = append(names, literal(w.name))
		if i == 0 {
			shared = w.match.with("", pattern{})
			delete(shared, "")
			continue
		}
		for label := range shared {
			if _, also := w.match[label]; !also {
				delete(shared, label)
			}
		}
	}
	for label := range shared {
		var patterns []pattern
		for _, w := range all {
			patterns = append(patterns, w.match[label])
		}
		shared[label] = oneOf(patterns)
	}
	parts := append([]string{oneOf(names).promQL("__name__")}, p.common.promQL()...)
	parts = append(parts, p.eitherArm().promQL(p.label))
	return "{" + strings.Join(append(parts, shared.promQL()...), ",") + "}"
}

// one writes the selector of one name in one arm.
func (p *plan) one(name string, arm pattern, more ...matchers) string {
	parts := append(p.common.promQL(), arm.promQL(p.label))
	for _, m := range more {
		parts = append(parts, m.promQL()...)
	}
	slices.Sort(parts)
	return name + "{" + strings.Join(parts, ",") + "}"
}

// wants lists the series that the queries are counted from. The bounds are those
// that were found for each latency.
func wants(queries []query, bounds map[string]bound) []wanted {
	none := literal("")
	var out []wanted
	for _, q := range queries {
		m := q.metric
		if m.latency() {
			out = append(out, wanted{m.histogram.name + "_count", m.histogram.match.with("le", none)})
			if b, known := bounds[m.name]; known {
				out = append(out, wanted{m.histogram.name + "_bucket", m.histogram.match.with("le", b.pattern())})
			}
			continue
		}
		out = append(out, wanted{m.total.name, m.total.match.with("le", none)})
		if m.bad.name != "" {
			out = append(out, wanted{m.bad.name, m.bad.match.with("le", none)})
		}
	}
	return out
}

// promDuration writes a duration as every version of Prometheus reads it, in
// whole milliseconds.
func promDuration(d time.Duration) string {
	ms := int64((d + time.Millisecond - 1) / time.Millisecond)
	if ms%1000 == 0 {
		return strconv.FormatInt(ms/1000, 10) + "s"
	}
	return strconv.FormatInt(ms, 10) + "ms"
}
