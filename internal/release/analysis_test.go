package release_test

import (
	"context"
	"slices"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// toldSource is a signal that notes whether it was told what the target calls the arms.
type toldSource struct {
	worldSource
	told *[]bool
}

func (s *toldSource) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	*s.told = append(*s.told, req.Arms != nil)
	return s.worldSource.History(ctx, req)
}

// Whoever takes a rollout up from a process that died after it opened it asks the target
// first: some signals know the arms by its names for them alone.
func TestTheAnalysisOfAnotherProcessKnowsTheArms(t *testing.T) {
	w := upgrade(t)
	var told []bool
	w.source = func() signal.Source { return &toldSource{worldSource: worldSource{w: w}, told: &told} }
	begin(t, w.engine("a", nil), request(good))
	told = nil
	out, err := w.engine("b", nil).Continue(t.Context(), key)
	wantEnd(t, out, err, release.Shipped)
	if len(told) == 0 || slices.Contains(told, false) {
		t.Errorf("the arms' names were known in %v of the questions", told)
	}
}
