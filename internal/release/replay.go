package release

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Replayed is what Replay finds.
type Replayed struct {
	// Verdicts is how many were judged again.
	Verdicts int `json:"verdicts"`
	// Differences lists those that came out otherwise than recorded.
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is a verdict that its own inputs do not give.
type Difference struct {
	Rollout int `json:"rollout"`
	// Seq is the number of the tick's record in the stream.
	Seq uint64 `json:"seq"`
	// Recorded and Judged are the verdicts as JSON, as it stands in the ledger and
	// as the judge gives it.
	Recorded json.RawMessage `json:"recorded"`
	Judged   json.RawMessage `json:"judged"`
}

// Replay judges every input of a release's stream again and compares the
// verdicts with the recorded ones byte for byte. The records must be a whole
// stream, in order. The error is about records that cannot be read, or about a
// judge that refuses the recorded parameters.
func Replay(records []ledger.Record) (Replayed, error) {
	var out Replayed
	states := map[int]judge.State{}
	for _, rec := range records {
		var err error
		switch rec.Kind {
		case KindAnalysis:
			err = with(rec, func(b struct {
				Rollout int `json:"rollout"`
				AnalysisBody
			}) error {
				if len(b.Metrics) == 0 {
					return nil
				}
				state, err := judge.New(b.Params, b.Metrics)
				states[b.Rollout] = state
				return err
			})
		case KindTick:
			err = out.tick(rec, states)
		}
		if err != nil {
			return out, fmt.Errorf("unable to judge record %d of %s again: %w", rec.Seq, rec.Stream, err)
		}
	}
	return out, nil
}

func (out *Replayed) tick(rec ledger.Record, states map[int]judge.State) error {
	return with(rec, func(b struct {
		Rollout int             `json:"rollout"`
		Input   judge.Tick      `json:"input"`
		Verdict json.RawMessage `json:"verdict"`
	}) error {
		if len(b.Verdict) == 0 {
			return nil
		}
		state, ok := states[b.Rollout]
		if !ok {
			return fmt.Errorf("it has a verdict, but no record before it says by what rollout %d is judged", b.Rollout)
		}
		next, verdict := state.Observe(b.Input)
		states[b.Rollout] = next
		judged, err := json.Marshal(verdict)
		if err != nil {
			return err
		}
		out.Verdicts++
		if !bytes.Equal(judged, b.Verdict) {
			out.Differences = append(out.Differences, Difference{Rollout: b.Rollout, Seq: rec.Seq, Recorded: b.Verdict, Judged: judged})
		}
		return nil
	})
}
