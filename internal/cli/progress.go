package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The bar's room between its brackets, in columns: what it likes, and the least.
const (
	barWidth    = 33
	barMinWidth = 8
)

// ProgressLine writes where a rollout stands at the instant now on one line of at
// most width columns (80 where width is not positive), without colour:
//
//	[=========>-----------------------]  25 %  step 2 of 4  1m 04s of 2m  ~11 min
//
// The time of the step is observed time; the estimate is what the strategy asks
// for at least, and is left out where nothing can be said. It only reads r.
func ProgressLine(r *release.Rollout, now time.Time, width int) string {
	if width <= 0 {
		width = defaultWidth
	}
	parts := []string{fmt.Sprintf("%2s %%", trimFloat(r.Weight))}
	parts = append(parts, whereabouts(r, now)...)
	rest := "  " + strings.Join(parts, "  ")
	room := min(barWidth, width-2-len([]rune(rest)))
	if room < barMinWidth {
		room = barMinWidth
		rest = clipped(rest, max(width-2-room, 0))
	}
	return bar(r.Weight, room, r.State.GoingBack()) + rest
}

// bar draws a weight. A rollout that goes back points the other way.
func bar(weight float64, room int, back bool) string {
	n := int(math.Ceil(weight / 100 * float64(room)))
	n = min(max(n, 0), room)
	switch {
	case n == 0:
		return "[" + strings.Repeat("-", room) + "]"
	case n == room:
		return "[" + strings.Repeat("=", room) + "]"
	}
	head := ">"
	if back {
		head = "<"
	}
	return "[" + strings.Repeat("=", n) + head + strings.Repeat("-", room-n-1) + "]"
}

// whereabouts says in words what the bar cannot.
func whereabouts(r *release.Rollout, now time.Time) []string {
	step := stepName(r)
	switch {
	case r.State.Final():
		return []string{words(r.State) + " after " + span(r.ClosedAt.Sub(r.OpenedAt))}
	case r.State.GoingBack():
		return []string{words(r.State), reason(r)}
	case r.Waves != nil:
		return []string{waveWhere(r)}
	case r.State == release.Paused:
		return []string{step, "paused: " + reason(r)}
	case r.State == release.Baking:
		return append([]string{"baking"}, clockOf(r, now, r.Spec.BakeTime())...)
	case r.State == release.Completing:
		return []string{"completing"}
	case r.State == release.Stepping && !r.StepAt.IsZero():
		return append([]string{step}, clockOf(r, now, r.CurrentStep().AtLeast)...)
	default:
		return append([]string{words(r.State)}, estimate(r, now)...)
	}
}

// clockOf says how much observed time the step has had of what it needs.
func clockOf(r *release.Rollout, now time.Time, needed time.Duration) []string {
	soak := soaked(r, now)
	if needed > 0 && soak >= needed+time.Second {
		return append([]string{fmt.Sprintf("%s, %s past due", span(needed), span(soak-needed))}, estimate(r, now)...)
	}
	if needed == 0 {
		return append([]string{span(soak)}, estimate(r, now)...)
	}
	return append([]string{fmt.Sprintf("%s of %s", span(min(soak, needed)), span(needed))}, estimate(r, now)...)
}

// soaked is the observed time up to the last look, and what passed since, but no
// more than one interval of that: nobody has seen it yet.
func soaked(r *release.Rollout, now time.Time) time.Duration {
	since := r.TickAt
	if since.IsZero() {
		since = r.StepAt
	}
	unseen := min(max(now.Sub(since), 0), r.Spec.Strategy.Analysis.Interval.Std())
	return r.Soak + unseen
}

// Remaining is the least time that the rollout still needs by its strategy. It is
// 0 for one that is closed, waits for somebody, goes back or goes over many targets.
func remaining(r *release.Rollout, now time.Time) time.Duration {
	switch {
	case r.State.Final(), r.State.GoingBack(), r.State == release.Paused, r.Waves != nil:
		return 0
	case r.State == release.Baking:
		return max(r.Spec.BakeTime()-soaked(r, now), 0)
	}
	left := r.Spec.BakeTime()
	for i := r.Step; i < len(r.Steps); i++ {
		left += r.Steps[i].AtLeast
	}
	if r.State == release.Stepping && !r.StepAt.IsZero() {
		left -= min(soaked(r, now), r.CurrentStep().AtLeast)
	}
	return max(left, 0)
}

func estimate(r *release.Rollout, now time.Time) []string {
	if left := remaining(r, now); left > 0 {
		return []string{about(left)}
	}
	return nil
}

// reason is why a rollout left the straight way.
func reason(r *release.Rollout) string {
	switch {
	case r.Why() != "":
		return r.Why()
	case r.Abort != nil && r.Abort.Reason != "":
		return r.Abort.Reason
	case r.Cause != "":
		return words(r.Cause)
	default:
		return "no reason recorded"
	}
}

func trimFloat(f float64) string { return strings.TrimSuffix(percent(f), " %") }
