package release

import (
	"fmt"
	"strings"
)

// Where says for people how far a rollout has come: "25 % (stepping, step 2 of 4)",
// or of many targets "3 of 10 targets (stepping, wave 2 of 4)".
func (r *Rollout) Where() string {
	if p := r.Waves; p != nil {
		wave := min(p.Current()+1, len(p.Waves))
		return fmt.Sprintf("%d of %s (%s, wave %d of %d)", len(p.Serve()), targetCount(p.Total()), r.State, wave, len(p.Waves))
	}
	return fmt.Sprintf("%s (%s, step %d of %d)", TrafficText(r.Sends()), r.State, r.Step+1, len(r.Steps))
}

// servesText says what serves at the targets by the ledger.
func (r *Rollout) servesText() string {
	p := r.Waves
	before := "what served before"
	if r.Baseline != nil {
		before = r.Baseline.Label()
	}
	serve := p.Serve()
	at := map[string]bool{}
	for _, name := range serve {
		at[name] = true
	}
	var others []string
	for _, t := range p.All() {
		if !at[t.Name] {
			others = append(others, t.Name)
		}
	}
	var parts []string
	if len(serve) > 0 {
		parts = append(parts, fmt.Sprintf("%s at %s", r.Spec.Payload.Label(), listed(serve)))
	}
	if len(others) > 0 {
		parts = append(parts, fmt.Sprintf("%s at %s", before, listed(others)))
	}
	return strings.Join(parts, "; ")
}

// wavesRemedy is what to do about targets that failed within the budget.
func wavesRemedy(out Outcome) string {
	r := out.Rollout
	do := "mend what failed and apply again, which tries only the targets that failed"
	for _, name := range r.Waves.Failed() {
		if r.Waves.Targets[name].Cause.Condemns() {
			do += "\nthe artifact is quarantined there; if you know better:\n" + liftCommand(out.Key.Part(name), r.Spec.Payload.Handle(nil))
			break
		}
	}
	return do + fmt.Sprintf("\nor take it back everywhere: sluice rollback %s --reason \"...\"", out.Key)
}
