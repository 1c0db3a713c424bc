package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// walking is the rollout of the design's sketch: step 2 of 4, 64 s of 2 minutes.
func walking() *release.Rollout {
	step := func(weight float64, atLeast time.Duration) strategy.Step {
		s := strategy.Step{AtLeast: atLeast}
		s.Traffic.Weight = weight
		return s
	}
	r := &release.Rollout{
		Number: 2, State: release.Stepping, Step: 1, Weight: 25, Soak: 60 * time.Second,
		OpenedAt: start, StepAt: start, TickAt: start.Add(time.Minute),
		Steps: []strategy.Step{step(5, time.Minute), step(25, 2*time.Minute), step(50, 2*time.Minute), step(100, 0)},
	}
	r.Spec.Payload = artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0"}}
	r.Spec.Strategy.Bake = field.Duration(8 * time.Minute)
	r.Spec.Strategy.Analysis.Interval = field.Duration(10 * time.Second)
	return r
}

func TestProgressLine(t *testing.T) {
	now := start.Add(64 * time.Second)
	tests := map[string]struct {
		change func(*release.Rollout)
		now    time.Time
		width  int
		want   string
	}{
		"the design's": {want: "[=========>-----------------------]  25 %  step 2 of 4  1m 04s of 2m  ~11 min"},
		"nobody has looked for an hour": {
			now:  start.Add(time.Hour),
			want: "[=========>-----------------------]  25 %  step 2 of 4  1m 10s of 2m  ~11 min",
		},
		"no verdict in time": {
			change: func(r *release.Rollout) { r.Soak = 3 * time.Minute },
			want:   "[========>--------------------]  25 %  step 2 of 4  2m, 1m 04s past due  ~10 min",
		},
		"narrow": {
			width: 60,
			want:  "[====>-----------]  25 %  step 2 of 4  1m 04s of 2m  ~11 min",
		},
		"much too narrow": {width: 30, want: "[==>-----]  25 %  step 2 of..."},
		"nothing yet": {
			change: func(r *release.Rollout) {
				r.State, r.Step, r.Weight, r.Soak, r.StepAt, r.TickAt = release.Preparing, 0, 0, 0, time.Time{}, time.Time{}
			},
			want: "[---------------------------------]   0 %  preparing  ~13 min",
		},
		"baking": {
			change: func(r *release.Rollout) { r.State, r.Step, r.Weight = release.Baking, 3, 100 },
			want:   "[=================================]  100 %  baking  1m 04s of 8m  ~7 min",
		},
		"paused": {
			change: func(r *release.Rollout) { r.State, r.Reason = release.Paused, "no data for two looks" },
			want:   "[=======>--------------------]  25 %  step 2 of 4  paused: no data for two looks",
		},
		"going back": {
			change: func(r *release.Rollout) { r.State, r.Cause = release.Reverting, release.CauseHarm },
			want:   "[=========<-----------------------]  25 %  reverting  harm",
		},
		"asked to stop": {
			change: func(r *release.Rollout) {
				r.State, r.Abort = release.Aborting, &release.RequestBody{Reason: "slow shop"}
			},
			want: "[=========<-----------------------]  25 %  aborting  slow shop",
		},
		"over": {
			change: func(r *release.Rollout) {
				r.State, r.Weight, r.ClosedAt = release.RolledBack, 0, start.Add(90*time.Minute)
			},
			want: "[---------------------------------]   0 %  rolled back after 1h 30m",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := walking()
			if test.change != nil {
				test.change(r)
			}
			if test.now.IsZero() {
				test.now = now
			}
			got := ProgressLine(r, test.now, test.width)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if limit := max(test.width, 32); test.width > 0 && len(got) > limit || test.width == 0 && len(got) > 80 {
				t.Errorf("%d columns wide: %s", len(got), got)
			}
		})
	}
}

func TestWordsForNumbersAndTimes(t *testing.T) {
	got := []string{
		span(-time.Second), span(999 * time.Millisecond), span(64 * time.Second), span(2 * time.Minute),
		span(3*time.Hour + 5*time.Minute), span(49 * time.Hour), span(72 * time.Hour),
		about(39500 * time.Millisecond), about(11 * time.Minute), about(3 * time.Hour),
		number(0), number(999), number(1000), number(3911), number(1234567), number(-1234),
		percent(0.5), percent(100), evidence(4e16), evidence(1234), evidence(0.91), ago(0), ago(time.Minute),
		share(41, 203), share(0, 0), plural(1, "step"), plural(2000, "record"),
	}
	want := []string{
		"0s", "1s", "1m 04s", "2m", "3h 05m", "2d 01h", "3d", "~40 s", "~11 min", "~3 h",
		"0", "999", "1,000", "3,911", "1,234,567", "-1,234", "0.5 %", "100 %", "4e16", "1,234", "0.91",
		"just now", "1m ago", "20.2 %", "no data", "1 step", "2,000 records",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrappedKeepsToTheWidth(t *testing.T) {
	got := prose.Wrapped("one two three four five six seven", "  ", 22)
	if diff := cmp.Diff("  one two three four\n  five six seven", got); diff != "" {
		t.Error(diff)
	}
	if clipped("123456", 5) != "12..." || clipped("12345", 5) != "12345" {
		t.Error("clipped")
	}
	if !strings.HasPrefix(indented("a\nb"), "  a\n  b") {
		t.Error("indented")
	}
}
