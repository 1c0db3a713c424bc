package release

import (
	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// judging carries the judge's state from look to look. It is made from the inputs
// that the ledger has when the first verdict is needed, since folding a history
// must not take as long as judging it did.
type judging struct {
	rollout int
	state   *judge.State
	// counted is how many of the rollout's inputs are in the state.
	counted int
}

// observe judges one more input, after whatever was judged since the last time.
// The state stays as it was: the input counts once it is recorded.
func (j *judging) observe(r *Rollout, input judge.Tick) (judge.Verdict, error) {
	if j.state == nil || j.rollout != r.Number || j.counted > len(r.judged) {
		state, err := judge.New(r.Analysis.Params, r.Analysis.Metrics)
		if err != nil {
			return judge.Verdict{}, err
		}
		*j = judging{rollout: r.Number, state: &state}
	}
	for _, past := range r.judged[j.counted:] {
		next, _ := j.state.Observe(past)
		j.state = &next
		j.counted++
	}
	_, verdict := j.state.Observe(input)
	return verdict, nil
}
