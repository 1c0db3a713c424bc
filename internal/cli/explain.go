package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// explainJSON is what sluice explain --json writes.
type explainJSON struct {
	timelineJSON
	// Summary says in sentences how it went; lines that begin with space are commands.
	Summary []string `json:"summary"`
}

func (a *app) explainCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:   "explain RELEASE[/NUMBER]",
		Short: "Say in words what a rollout did, and why",
		Long: `Says in words what a rollout was for, how far it came, what the judge saw, how it
ended and what to do about it. RELEASE/NUMBER is a rollout as error messages name it;
RELEASE alone is its newest one.`,
		Example: "  sluice explain checkout/production\n  sluice explain checkout/production/3\n  sluice explain checkout/production/3 --json",
		Args:    takes("RELEASE[/NUMBER]"),
		RunE: a.does(func(ctx context.Context, args []string) error {
			key, number, err := parseRollout(args[0])
			if err != nil {
				return err
			}
			return a.reading(ctx, func(l ledger.Ledger) error {
				h, events, err := timeline(ctx, l, key, number)
				if err != nil {
					return err
				}
				if number == 0 {
					number = h.Last().Number
				}
				r := h.Rollout(number)
				summary := a.summarize(h, r, events)
				if a.asJSON {
					return a.writeJSON(explainJSON{
						timelineJSON: timelineJSON{rolloutJSON: *toRollout(key, r, a.clock.Now()), Events: events},
						Summary:      summary,
					})
				}
				for _, line := range summary {
					if !strings.HasPrefix(line, "  ") {
						line = prose.Wrapped(line, "", width(a.stdout))
					}
					a.say("%s", line)
				}
				a.say("\nStep by step")
				for _, e := range milestones(events) {
					a.say("%s", e.folded("  ", width(a.stdout)))
				}
				a.say("\nEvery look: sluice history %s --rollout %d", key, number)
				return nil
			})
		}),
	})
}

// parseRollout reads RELEASE/NUMBER, or RELEASE, for which the number is 0.
func parseRollout(text string) (release.Key, int, error) {
	name, number := text, 0
	if i := strings.LastIndex(text, "/"); strings.Count(text, "/") >= 2 {
		if n, err := strconv.Atoi(text[i+1:]); err == nil && n < 1 {
			return release.Key{}, 0, badInput("%q does not name a rollout: they are counted from 1, for example checkout/production/3", text)
		} else if err == nil {
			name, number = text[:i], n
		}
	}
	key, err := parseRelease(name)
	return key, number, err
}

// milestones leaves out the looks, except the last one before each other event:
// what was known when something happened.
func milestones(events []eventJSON) []eventJSON {
	var out []eventJSON
	for i, e := range events {
		if e.Event == release.KindTick && i+1 < len(events) && events[i+1].Event == release.KindTick {
			continue
		}
		out = append(out, e)
	}
	return out
}
