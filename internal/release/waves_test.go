package release_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func TestWavesShipOneAfterTheOther(t *testing.T) {
	inFleet(t, 4, func(t *testing.T, f *fleet) {
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{Sizes: []int{1, 2}}))
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(good)
		want := []string{
			"started cell-1", "ended cell-1", "started cell-2", "started cell-3", "ended cell-2", "ended cell-3", "started cell-4", "ended cell-4",
		}
		got := f.story(release.KindTargetStarted, release.KindTargetEnded)
		if len(got) == 8 && got[4] == "ended cell-3" {
			got[4], got[5] = got[5], got[4] // The two are equally fast.
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if s := f.history().Serving(); s == nil || !s.Same(good) {
			t.Errorf("the ledger says that %v serves", s)
		}
	})
}
