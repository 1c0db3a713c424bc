package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// tellParts writes a line for each target of a release over many that stands still,
// once for each reason: its own stream says so, and that of the whole does not.
func (w *watcher) tellParts(ctx context.Context, r *release.Rollout) error {
	if r.Waves == nil {
		return nil
	}
	if w.parts == nil {
		w.parts, w.waits = map[string]*follower{}, map[string]string{}
	}
	for _, t := range r.Waves.All() {
		if !t.Started() || t.Ended() {
			continue
		}
		f := w.parts[t.Name]
		if f == nil {
			f = &follower{ledger: w.ledger, key: w.key.Part(t.Name)}
			w.parts[t.Name] = f
		}
		if _, err := f.next(ctx); errors.Is(err, release.ErrUnknown) {
			continue // It has not begun yet.
		} else if err != nil {
			return err
		}
		why := standsStill(f.history)
		if open := f.history.Open(); why != "" && why != w.waits[t.Name] {
			e := eventJSON{At: open.MovedAt, Weight: open.Weight, Text: t.Name + " stands still: " + why}
			w.say("%s", e.line())
		}
		w.waits[t.Name] = why
	}
	return nil
}

// standsStill is why the open rollout of a target is paused, empty where it is not.
func standsStill(h *release.History) string {
	if open := h.Open(); open != nil && open.State == release.Paused {
		return open.Reason
	}
	return ""
}

// waitingParts lists the targets of an open rollout over many that stand still, with
// why, and not more than a screen takes.
func waitingParts(ctx context.Context, l ledger.Ledger, h *release.History) ([]string, error) {
	open := h.Open()
	if open == nil || open.Waves == nil {
		return nil, nil
	}
	var lines []string
	more := 0
	for _, t := range open.Waves.All() {
		why := t.Waiting
		if t.Started() && !t.Ended() && why == "" {
			part, err := history(ctx, l, h.Key.Part(t.Name))
			if errors.Is(err, release.ErrUnknown) {
				continue // It has not begun yet.
			} else if err != nil {
				return nil, err
			}
			why = standsStill(part)
		}
		switch {
		case why == "":
		case len(lines) == mostRows:
			more++
		default:
			lines = append(lines, t.Name+" stands still: "+why)
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: sluice status %s", more, h.Key))
	}
	return lines, nil
}
