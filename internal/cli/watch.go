package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// follower reads a release's stream as it grows.
type follower struct {
	ledger  ledger.Ledger
	key     release.Key
	history *release.History
	// quiet counts the looks in a row that saw nothing new.
	quiet int
}

// quietLooks is after how many looks without anything new a follower asks whether the
// ledger has moved, since then nothing more will come.
const quietLooks = 10

// next folds what came since the last call and returns what it says. A release
// that the ledger does not know is release.ErrUnknown.
func (f *follower) next(ctx context.Context) ([]eventJSON, error) {
	if f.history == nil {
		f.history = release.NewHistory(f.key)
	}
	records, err := f.ledger.Read(ctx, f.key.Stream(), f.history.Seq+1)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 && f.history.Seq == 0 {
		return nil, unknownRelease(ctx, f.ledger, f.key)
	}
	f.quiet++
	if len(records) > 0 {
		f.quiet = 0
	} else if f.quiet%quietLooks == 0 {
		if err := ledger.StillHere(ctx, f.ledger); err != nil {
			return nil, err
		}
	}
	var events []eventJSON
	for _, rec := range records {
		if err := f.history.Add(rec); err != nil {
			return nil, err
		}
		e, ok, err := eventOf(f.history, rec)
		if err != nil {
			return nil, err
		}
		if ok {
			events = append(events, e)
		}
	}
	return events, nil
}

func (a *app) watchCommand() *cobra.Command {
	var within string
	var plain bool
	cmd := a.reads(&cobra.Command{
		Use:   "watch RELEASE",
		Short: "Follow the open rollout until it ends",
		Long: `Follows the rollout that is open, from its first record until it ends: one line for
each step and each look, with what was counted and what the judge says of it. On a
terminal the looks are a table that is drawn anew, with a progress bar. It only
reads the ledger, so anybody may watch. The exit code says how the rollout ended,
as for sluice wait.`,
		Example: "  sluice watch checkout/production\n  sluice watch checkout/production --within 1m --plain\n  sluice watch checkout/production --json",
		Args:    takes("RELEASE"),
	})
	cmd.Flags().BoolVar(&plain, "plain", false, "lines only, one for each step and each look")
	cmd.Flags().StringVar(&within, "within", "0s", "wait so long for a rollout to open, for example 1m")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		patience, problem := field.ParseDuration(within, true)
		if problem != "" {
			return badInput("--within: %s", problem)
		}
		if err := a.awaitLedger(ctx, patience); err != nil {
			return err
		}
		return a.reading(ctx, func(l ledger.Ledger) error {
			w := watcher{app: a, follower: follower{ledger: l, key: key}, drawn: terminal(a.stdout) && !plain && !a.asJSON}
			return w.run(ctx, patience)
		})
	})
	return cmd
}

// awaitLedger waits for a ledger that the first apply is about to create. It is
// no error when none comes: reading says so.
func (a *app) awaitLedger(ctx context.Context, patience time.Duration) error {
	started := a.clock.Now()
	for a.clock.Now().Sub(started) < patience {
		err := a.reading(ctx, func(ledger.Ledger) error { return nil })
		if !errors.Is(err, ledger.ErrMissing) {
			return err
		}
		if err := a.clock.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
	return nil
}

// watcher shows a rollout as it goes.
type watcher struct {
	*app
	follower
	// drawn is whether the looks are drawn as a screen and not written as lines.
	drawn bool
	// number is the rollout that is followed, 0 before one is open.
	number int
	// height is how many lines of the screen stand below the last line.
	height int
	lease  ledger.Watch
	// parts are those of a release over many targets, and waits what was last told of
	// why each of them stands still.
	parts map[string]*follower
	waits map[string]string
}

func (w *watcher) run(ctx context.Context, patience time.Duration) error {
	started := w.clock.Now()
	var backlog []eventJSON
	for {
		events, err := w.next(ctx)
		if err != nil && (!errors.Is(err, release.ErrUnknown) || patience == 0) {
			return err
		}
		backlog = append(backlog, events...)
		if w.number == 0 {
			if open := w.history.Open(); open != nil {
				w.number = open.Number
				if !w.drawn {
					w.title(open)
				}
			}
		}
		if w.number > 0 {
			if err := w.show(ctx, backlog); err != nil {
				return err
			}
			backlog = nil
			if r := w.history.Rollout(w.number); r.State.Final() {
				return w.end(r)
			}
		} else if w.clock.Now().Sub(started) >= patience {
			return w.none()
		}
		if err := w.clock.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

func (w *watcher) title(r *release.Rollout) {
	if !w.asJSON {
		w.say("%s %s   %s   rollout %d   by %s", w.key.Service, fromTo(r), w.key.Environment, r.Number, r.OpenedBy)
	}
}

// show writes the events of the rollout that is followed, and draws the screen
// below.
func (w *watcher) show(ctx context.Context, events []eventJSON) error {
	w.clear()
	for _, e := range events {
		switch {
		case e.Rollout != w.number:
		case w.asJSON:
			if err := w.writeLine(e); err != nil {
				return err
			}
		case w.drawn && e.Event == release.KindTick && len(e.Metrics) > 0:
			// The screen shows it.
		case w.drawn:
			w.say("%s", clipped(e.line(), width(w.stdout)-1))
		default:
			w.say("%s", e.line())
		}
	}
	r := w.history.Rollout(w.number)
	switch {
	case w.drawn && !r.State.Final():
		return w.draw(ctx, r)
	case !w.drawn && !w.asJSON:
		return w.tellParts(ctx, r)
	}
	return nil
}

// draw puts the screen below the lines that were written.
func (w *watcher) draw(ctx context.Context, r *release.Rollout) error {
	lease, err := w.ledger.Lease(ctx, w.key.LeaseName())
	if err != nil {
		return err
	}
	driver := "nobody drives it; " + nextLook(r)
	if lease.Holder != "" {
		left := w.lease.Observe(lease, w.clock.Now())
		driver = fmt.Sprintf("by %s (lease %s)", r.OpenedBy, span(left))
	}
	var last *judge.Verdict
	if r.LastTick != nil {
		last = r.LastTick.Verdict
	}
	lines := screen(r, w.key, driver, last, w.clock.Now(), width(w.stdout)-1)
	if r.Waves != nil {
		lines = append(lines, wavesPicture(r, width(w.stdout)-1)...)
		lines = append(lines, w.partsTable(ctx, r)...)
	}
	for _, line := range lines {
		w.say("%s", line)
	}
	w.height = len(lines)
	return nil
}

// clear takes the screen away: up by its height, and all below it.
func (w *watcher) clear() {
	if w.height > 0 {
		fmt.Fprintf(w.stdout, "\x1b[%dA\x1b[J", w.height)
		w.height = 0
	}
}

func (w *watcher) end(r *release.Rollout) error {
	w.clear()
	if w.drawn {
		w.title(r)
	}
	if !w.asJSON {
		w.say("%s", ProgressLine(r, w.clock.Now(), width(w.stdout)))
	}
	if err := endedError(w.key, w.history, r); err != nil {
		return w.told(err, w.key, release.Outcome{Key: w.key, Rollout: r})
	}
	return nil
}

// none says that there is nothing to follow, and what there was.
func (w *watcher) none() error {
	last := "it has had none yet"
	if r := w.history.Last(); r != nil {
		last = fmt.Sprintf("the last one, %d, %s at %s: sluice history %s --rollout %d", r.Number, words(r.State), instant(r.ClosedAt), w.key, r.Number)
	}
	return fmt.Errorf("no rollout of %s is open; %s; to wait for one to open: sluice watch %s --within 1m", w.key, last, w.key)
}
