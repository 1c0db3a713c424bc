package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// wholes leaves the parts of releases over many targets out.
func wholes(keys []release.Key) []release.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k release.Key) bool { return k.Target != "" })
}

// single leaves releases over many targets out, whose parts are among the keys.
func single(keys []release.Key) []release.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k release.Key) bool {
		return k.Target == "" && slices.ContainsFunc(keys, func(o release.Key) bool { return o.Target != "" && o.Whole() == k })
	})
}

// partsOf lists the parts of a release that the ledger knows, in the order of its
// targets.
func partsOf(ctx context.Context, l ledger.Ledger, h *release.History) ([]release.Key, error) {
	if h.Spec == nil || !h.Spec.Waved() {
		return nil, nil
	}
	heads, err := l.Heads(ctx, h.Key.Stream()+"/")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, head := range heads {
		known[head.Stream] = true
	}
	var keys []release.Key
	for _, name := range h.Spec.Names() {
		if part := h.Key.Part(name); known[part.Stream()] {
			keys = append(keys, part)
		}
	}
	return keys, nil
}

// waveWords says in a sentence what a record about many targets says.
func waveWords(r *release.Rollout, rec ledger.Record) (text string, known bool, err error) {
	switch rec.Kind {
	case release.KindTargetStarted:
		text, err = told(rec, func(b release.TargetStartedBody) string {
			return fmt.Sprintf("%s begins, in wave %d of %d", b.Target, b.Wave+1, len(r.Waves.Waves))
		})
	case release.KindTargetWaiting:
		text, err = told(rec, func(b release.TargetWaitingBody) string { return b.Target + " waits: " + b.Reason })
	case release.KindTargetEnded:
		text, err = told(rec, func(b release.TargetEndedBody) string { return b.Target + ": " + endWords(r, b) })
	case release.KindTargetFailed:
		text, err = told(rec, func(b release.TargetFailedBody) string { return b.Target + " has failed: " + b.Reason })
	case release.KindTargetBack:
		text, err = told(rec, func(b release.TargetBackBody) string {
			if b.Kept {
				return fmt.Sprintf("%s keeps %s: %s", b.Target, r.Spec.Payload.Label(), b.Reason)
			}
			return b.Target + " is back"
		})
	case release.KindWaveWatched:
		text, err = told(rec, watchedWords)
	default:
		return "", false, nil
	}
	return text, true, err
}

func endWords(r *release.Rollout, b release.TargetEndedBody) string {
	switch {
	case b.Result == release.Shipped && r.Kind == release.BackOut:
		return "back on " + r.Spec.Payload.Label()
	case b.Result == release.Shipped:
		return r.Spec.Payload.Label() + " serves"
	case b.Result == release.Adopted || b.Result == release.Unchanged:
		return "as it should be already"
	case b.Reason != "":
		return words(b.Result) + ": " + b.Reason
	default:
		return words(b.Result)
	}
}

func watchedWords(b release.WaveWatchedBody) string {
	s := fmt.Sprintf("looked at %s after wave %d, %s more of its soak", plural(uint64(b.Looked), "target"), b.Wave+1, span(b.Soak.Std()))
	for _, name := range slices.Sorted(maps.Keys(b.Ill)) {
		s += fmt.Sprintf("; %s: %s", name, b.Ill[name])
	}
	for _, p := range b.Problems {
		s += "; " + p
	}
	return s
}

// waveWhere says how far a rollout over many targets has come.
func waveWhere(r *release.Rollout) string {
	p := r.Waves
	return fmt.Sprintf("wave %d of %d  %d of %s", min(p.Current()+1, len(p.Waves)), len(p.Waves), len(p.Serve()), plural(uint64(p.Total()), "target"))
}

// mark is one target in the picture of the waves.
func mark(r *release.Rollout, t *release.TargetProgress) string {
	switch {
	case !t.BackAt.IsZero() && t.Kept == "":
		return "<"
	case t.Failed:
		return "x"
	case t.Ended():
		return "="
	case t.Started() && r.State.GoingBack():
		return "<"
	case t.Started():
		return ">"
	default:
		return "."
	}
}

// wavesPicture draws a line for each wave, with a mark for each target.
func wavesPicture(r *release.Rollout, width int) []string {
	var lines []string
	for i, wave := range r.Waves.Waves {
		marks := ""
		for _, name := range wave {
			marks += mark(r, r.Waves.Targets[name])
		}
		lines = append(lines, clipped(fmt.Sprintf("  wave %-3d [%s]", i+1, marks), width))
	}
	return append(lines, clipped("  = serves it   > under way   x failed   < back   . to come", width))
}

// mostRows is how many targets the table of a screen has.
const mostRows = 12

// partsTable has a row for each target that is under way or needs a word, with the
// weight that its own rollout has reached.
func (w *watcher) partsTable(ctx context.Context, r *release.Rollout) []string {
	t := newTable("target", "state", "weight", "")
	rows, more := 0, 0
	for _, p := range r.Waves.All() {
		under := p.Started() && !p.Ended() || p.Changed && r.State.GoingBack() && p.BackAt.IsZero()
		if !under && p.Waiting == "" && !p.Failed {
			continue
		}
		if rows++; rows > mostRows {
			more++
			continue
		}
		state, weight, waits := "to come", 0.0, ""
		if h, err := history(ctx, w.ledger, w.key.Part(p.Name)); err == nil && h.Open() != nil {
			state, weight, waits = words(h.Open().State), h.Open().Weight, partWaits(h.Open())
		} else if p.Ended() {
			state = words(p.Result)
		}
		why := p.Waiting
		if why == "" {
			why = cmp.Or(waits, p.Reason)
		}
		t.AppendRow(table.Row{clipped(p.Name, 20), state, percent(weight), clipped(why, 36)})
	}
	if rows == 0 {
		return nil
	}
	lines := strings.Split(indented(t.Render()), "\n")
	if more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return lines
}

// partWaits says in a few words why a target's own rollout stands still, empty where
// it does not. The whole command is in its status.
func partWaits(r *release.Rollout) string {
	switch {
	case r.State != release.Paused:
		return ""
	case r.Cause == release.CausePause:
		return "waits for a person: sluice resume"
	default:
		return r.Reason
	}
}

// targetJSON is one target of a rollout over many.
type targetJSON struct {
	Target string `json:"target"`
	// Wave counts from 1.
	Wave int `json:"wave"`
	// State is "to_come", "under_way", "serves", "failed" or "back".
	State   string `json:"state"`
	Waiting string `json:"waiting"`
	Reason  string `json:"reason"`
	// Rollout names its own rollout, empty where there was none.
	Rollout string `json:"rollout"`
}

// toTargets lists the targets of a rollout over many; none for any other.
func toTargets(key release.Key, r *release.Rollout) []targetJSON {
	if r.Waves == nil {
		return nil
	}
	states := map[string]string{".": "to_come", ">": "under_way", "=": "serves", "x": "failed", "<": "back"}
	out := []targetJSON{}
	for _, t := range r.Waves.All() {
		one := targetJSON{Target: t.Name, Wave: t.Wave + 1, State: states[mark(r, t)], Waiting: t.Waiting, Reason: t.Reason}
		if t.Rollout > 0 {
			one.Rollout = rolloutName(key.Part(t.Name), t.Rollout)
		}
		out = append(out, one)
	}
	return out
}
