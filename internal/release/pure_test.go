package release_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Decide is pure: at each point of a rollout's life, and at several times, the same
// arguments give the same decision and come back as they were.
func TestDecideIsPure(t *testing.T) {
	for _, s := range stories {
		w := s.begin(t)
		s.first(t, w, &assassin{})
		if err := s.resume(t.Context(), w, w.engine("second", nil)); err != nil {
			t.Fatal(err)
		}
		records := w.records(t)
		obs := w.observe()
		for n := 1; n <= len(records); n++ {
			for _, seen := range []release.Observations{{}, {Target: &obs, TargetAt: records[n-1].At, TargetSeq: uint64(n)}} {
				for _, later := range []time.Duration{-time.Hour, 0, 10 * time.Second, 24 * time.Hour} {
					h, err := release.Fold(key, records[:n])
					if err != nil {
						t.Fatal(err)
					}
					untouched, err := release.Fold(key, records[:n])
					if err != nil {
						t.Fatal(err)
					}
					now := records[n-1].At.Add(later)
					before := seen
					first := release.Decide(h, seen, release.Limits{}, now)
					if diff := cmp.Diff(first, release.Decide(h, seen, release.Limits{}, now)); diff != "" {
						t.Fatalf("%s, record %d: two decisions:\n%s", s.name, n, diff)
					}
					if !reflect.DeepEqual(h, untouched) || !reflect.DeepEqual(seen, before) {
						t.Fatalf("%s, record %d: %s on %s changed what it looked at", s.name, n, first.State, first.Event)
					}
				}
			}
		}
	}
}
