package release

import (
	"context"
	"fmt"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// rehearsalGate is the name of the gate that a required rehearsal is.
const rehearsalGate = "rehearsal"

// rehearseParts looks at the way back at each target that was looked at, so many at
// once. What cannot be found out is unknown.
func (e *Engine) rehearseParts(ctx context.Context, spec Spec, looks []PartLook) map[string]Rehearsal {
	found := make([]Rehearsal, len(looks))
	var wg sync.WaitGroup
	places := make(chan struct{}, looksAtOnce)
	for i, l := range looks {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			part, _ := spec.Part(l.Name)
			h, err := e.load(ctx, part.Key())
			if err != nil {
				h = NewHistory(part.Key()) // The rollout says what is wrong with its record.
			}
			found[i] = e.rehearse(ctx, part, h, l.Serving, l.Err)
		})
	}
	wg.Wait()
	all := map[string]Rehearsal{}
	for i, l := range looks {
		all[l.Name] = found[i]
	}
	return all
}

// together puts the rehearsals of many targets into one, for people: of each part the
// worst that was found, with the names of the targets.
func together(names []string, all map[string]Rehearsal) *Rehearsal {
	var out Rehearsal
	for _, name := range names {
		r := all[name]
		if out.To == nil {
			out.To = r.To
		}
		out.Measured += r.Measured
		out.Unmeasured += r.Unmeasured
		out.Longest = max(out.Longest, r.Longest)
	}
	if out.Measured > 0 {
		out.Unmeasured = 0
	}
	for _, part := range []string{PartArtifact, PartPath, PartCapacity, PartReversible} {
		out.Lines = append(out.Lines, worstOf(part, names, all))
	}
	return &out
}

// worstOf is one part's finding over all targets. A fail outweighs an unknown.
func worstOf(part string, names []string, all map[string]Rehearsal) gate.Finding {
	rank := map[gate.Status]int{gate.Pass: 0, gate.Unknown: 1, gate.Fail: 2}
	var worst gate.Finding
	var at, reasons []string
	same := true
	for _, name := range names {
		for _, l := range all[name].Lines {
			if l.Part != part {
				continue
			}
			if len(at) == 0 || rank[l.Status] > rank[worst.Status] {
				worst, at, reasons, same = l, nil, nil, true
			}
			if l.Status == worst.Status {
				same = same && l.Reason == worst.Reason
				at, reasons = append(at, name), append(reasons, name+": "+l.Reason)
			}
		}
	}
	switch {
	case len(at) == len(names) && same:
	case worst.Status == gate.Pass:
		worst.Reason = fmt.Sprintf("at each of %s, for example %s", targetCount(len(at)), reasons[0])
	default:
		worst.Reason = someOf(reasons)
	}
	return worst
}
