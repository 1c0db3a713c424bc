package release_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
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

// What serves everywhere by somebody else's doing is adopted, and asked for again it
// opens nothing.
func TestWavesAdoptWhatServes(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		for i, want := range []release.Result{release.Adopted, release.Unchanged} {
			out, err := f.engine("a", nil).Ship(t.Context(), f.request(old, release.Waves{}))
			if err != nil || out.Result != want {
				t.Errorf("wish %d: %s, %v; want %s", i+1, out.Result, err, want)
			}
		}
		if h := f.history(); len(h.Rollouts) != 0 {
			t.Errorf("%d rollouts were opened", len(h.Rollouts))
		}
	})
}

func TestWavesKeepToWhatMayBeUnderWayAtOnce(t *testing.T) {
	inFleet(t, 12, func(t *testing.T, f *fleet) {
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{Sizes: []int{12}, MaxParallel: 5}))
		wantEnded(t, out, err, release.Shipped)
		under, most := 0, 0
		for _, line := range f.story(release.KindTargetStarted, release.KindTargetEnded) {
			if strings.HasPrefix(line, "started") {
				under++
			} else {
				under--
			}
			most = max(most, under)
		}
		if most != 5 {
			t.Errorf("%d targets were under way at once, want 5", most)
		}
	})
}

func TestWavesAreDrawnOnceForEachRollout(t *testing.T) {
	w := release.Waves{Order: release.Shuffled, Sizes: []int{8}}
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	first, second := w.Sequence(names, "checkout/production/1"), w.Sequence(names, "checkout/production/2")
	if slices.Equal(first, second) || slices.Equal(first, names) || !slices.Equal(first, w.Sequence(names, "checkout/production/1")) {
		t.Errorf("drawn: %v and %v", first, second)
	}
	slices.Sort(first)
	if !slices.Equal(first, names) {
		t.Errorf("a target is lost: %v", first)
	}
	if label := w.Labels(names, "1.1.0")[0]; strings.Contains(label, "a, b") || !strings.Contains(label, "drawn at random") {
		t.Errorf("a plan cannot know the order: %s", label)
	}
	inFleet(t, 8, func(t *testing.T, f *fleet) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		_, err := f.engine("a", nil).Ship(ctx, f.request(good, release.Waves{Order: release.Shuffled, Sizes: []int{1}}))
		order := f.history().Open().Waves.Waves
		out, err2 := f.engine("b", nil).Ship(t.Context(), f.request(good, release.Waves{Order: release.Shuffled, Sizes: []int{1}}))
		wantEnded(t, out, err2, release.Shipped)
		if err == nil || !cmp.Equal(order, out.Rollout.Waves.Waves) || out.Rollout.Number != 1 {
			t.Errorf("%v; rollout %d went on with the order %v after %v", err, out.Rollout.Number, out.Rollout.Waves.Waves, order)
		}
		var flat []string
		for _, wave := range order {
			flat = append(flat, wave...)
		}
		if want := (release.Waves{Order: release.Shuffled}).Sequence(f.names, out.Rollout.Waves.Seed); !slices.Equal(flat, want) {
			t.Errorf("the order %v does not come from its seed, which gives %v", flat, want)
		}
	})
}

// A wave begins when the one before has ended and its soak was observed.
func TestWavesSoak(t *testing.T) {
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		soak := 5 * time.Minute
		f.onCall = awayIn(f, "cell-1", release.KindTargetEnded, 2*time.Minute)
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{Soak: field.Duration(soak)}))
		wantEnded(t, out, err, release.Shipped)
		p := out.Rollout.Waves.Targets
		took := p["cell-2"].StartedAt.Sub(p["cell-1"].EndedAt)
		if want := soak + 2*time.Minute; took < want || took > want+30*time.Second {
			t.Errorf("the second wave began %s after the first, want %s of which 2 minutes could not be seen", took, want)
		}
	})
}

// A target that turns ill in the soak after its wave has failed.
func TestWavesSeeIllnessInTheSoak(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("cell-1 has ended", func() bool { return len(f.story(release.KindTargetEnded)) == 1 })
			f.set(func() { f.ill["cell-1"] = good })
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{Soak: field.Duration(5 * time.Minute)}))
		<-done
		wantEnded(t, out, err, release.WentBack)
		if want := "1 target failed and failure_budget is 0: cell-1: seen in two looks in a row after its wave: the target says that 1.0.1 is unhealthy"; out.Rollout.Reason != want || out.Rollout.Cause != release.CauseUnhealthy {
			t.Errorf("%s: %s", out.Rollout.Cause, out.Rollout.Reason)
		}
		f.wantServing(old)
	})
}

func TestWavesWithinTheBudgetReleaseToTheOthers(t *testing.T) {
	inFleet(t, 4, func(t *testing.T, f *fleet) {
		f.sick["cell-2"] = good
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{FailureBudget: 1}))
		wantEnded(t, out, err, release.Broke)
		if r := out.Rollout; r.Cause != release.CausePartial || !strings.HasPrefix(r.Reason, "released to 3 of 4 targets; cell-2: errors ") {
			t.Errorf("%s: %s", r.Cause, r.Reason)
		}
		f.wantServing(good, "cell-2")
		h := f.history()
		if !h.Mixed() || h.Serving() != nil || len(h.Quarantine) != 0 {
			t.Errorf("mixed %v, serving %v, quarantine %v", h.Mixed(), h.Serving(), h.Quarantine)
		}
		f.sick = nil
		again, err := f.engine("b", nil).Ship(t.Context(), f.request(good, release.Waves{FailureBudget: 1}))
		wantEnded(t, again, err, release.Shipped)
		if diff := cmp.Diff([][]string{{"cell-2"}}, again.Rollout.Waves.Waves); diff != "" {
			t.Errorf("only the one that failed is tried again (-want +got):\n%s", diff)
		}
		f.wantServing(good)
	})
}

func TestWavesGoBackNewestFirstWhenTheBudgetIsSpent(t *testing.T) {
	inFleet(t, 6, func(t *testing.T, f *fleet) {
		f.sick["cell-2"], f.sick["cell-5"] = good, good
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{FailureBudget: 1, MaxParallel: 1}))
		wantEnded(t, out, err, release.WentBack)
		if !strings.HasPrefix(out.Rollout.Reason, "2 targets failed and failure_budget is 1: cell-2: errors") {
			t.Error(out.Rollout.Reason)
		}
		f.wantServing(old)
		if diff := cmp.Diff([]string{"back cell-4", "back cell-3", "back cell-1"}, f.story(release.KindTargetBack)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if q := out.History.Quarantine; len(q) != 1 || q[good.Key()].Rollout != 1 {
			t.Errorf("quarantine %v", q)
		}
		if len(f.records(key.Part("cell-6"))) != 0 {
			t.Error("the last target was touched")
		}
		for _, name := range []string{"cell-1", "cell-4"} {
			h, err := release.Fold(key.Part(name), f.records(key.Part(name)))
			if err != nil || len(h.Quarantine) != 0 || h.Last().Kind != release.BackOut || !h.Serving().Same(old) {
				t.Errorf("%s: %v, quarantine %v, last %+v", name, err, h.Quarantine, h.Last())
			}
		}
	})
}
