package signal

import (
	"fmt"
	"strings"
	"time"
)

// Names gives the names of a source's metrics, in their order.
func Names[M any](have []M, name func(M) string) []string {
	names := make([]string, len(have))
	for i, m := range have {
		names[i] = name(m)
	}
	return names
}

// Find gives the metric of that name, or an error that says which there are.
func Find[M any](have []M, wanted string, name func(M) string) (M, error) {
	for _, m := range have {
		if name(m) == wanted {
			return m, nil
		}
	}
	var none M
	return none, fmt.Errorf("the signal has no metric %q; it has %s", wanted, strings.Join(Names(have, name), ", "))
}

// Pick finds the metric of each query and makes of both what the source asks with. A
// metric is asked for once, and has a threshold if it is a latency, and only then;
// anything else is an error.
func Pick[M, Q any](asked []Query, find func(name string) (M, error), latency func(M) bool, as func(M, time.Duration) Q) ([]Q, error) {
	out := make([]Q, 0, len(asked))
	seen := map[string]bool{}
	for _, q := range asked {
		m, err := find(q.Metric)
		switch {
		case err != nil:
			return nil, err
		case seen[q.Metric]:
			return nil, fmt.Errorf("the metric %q is asked for twice", q.Metric)
		case latency(m) && q.SlowerThan <= 0:
			return nil, fmt.Errorf("the metric %q is a latency and needs a threshold, for example 250ms", q.Metric)
		case !latency(m) && q.SlowerThan != 0:
			return nil, fmt.Errorf("the metric %q counts errors and takes no threshold; %s was given", q.Metric, q.SlowerThan)
		}
		seen[q.Metric] = true
		out = append(out, as(m, q.SlowerThan))
	}
	return out, nil
}
