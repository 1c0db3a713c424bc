package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// historyJSON is what sluice history --json writes.
type historyJSON struct {
	Release  string        `json:"release"`
	Serving  *payloadJSON  `json:"serving"`
	Previous *payloadJSON  `json:"previous"`
	Rollouts []rolloutJSON `json:"rollouts"`
	// Formers are the releases from which it goes on, the newest first; left out where
	// there are none.
	Formers []formerJSON `json:"formers,omitempty"`
}

// timelineJSON is what sluice history --rollout N --json writes.
type timelineJSON struct {
	rolloutJSON
	Events []eventJSON `json:"events"`
}

func (a *app) historyCommand() *cobra.Command {
	var number int
	cmd := a.reads(&cobra.Command{
		Use:   "history RELEASE",
		Short: "Show every rollout of a release, or one step by step",
		Long: `Shows every rollout of a release, the newest first: what it moved from and to,
how it ended, when, how long it took, by whom and why. With --rollout, one of them
step by step, with the counts and the evidence of each look. Where the release had
another name before, its rollouts under that one follow.`,
		Example: "  sluice history checkout/production\n  sluice history checkout/production --rollout 3 --json",
		Args:    takes("RELEASE"),
	})
	cmd.Flags().IntVar(&number, "rollout", 0, "number of one rollout, to show step by step")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("rollout") && number < 1 {
			return badInput("--rollout %d is no number of a rollout; they are counted from 1, for example --rollout 3", number)
		}
		return a.reading(ctx, func(l ledger.Ledger) error {
			if number > 0 {
				return a.oneRollout(ctx, l, key, number)
			}
			return a.allRollouts(ctx, l, key)
		})
	})
	return cmd
}

func (a *app) allRollouts(ctx context.Context, l ledger.Ledger, key release.Key) error {
	h, err := history(ctx, l, key)
	if err != nil {
		return err
	}
	formers, err := release.Formers(ctx, l, h)
	if err != nil {
		return err
	}
	if a.asJSON {
		out := historyJSON{Release: key.String(), Serving: toPayloadOrNull(h.Serving()), Previous: toPayloadOrNull(h.Previous()), Rollouts: a.rollouts(h), Formers: toFormers(formers)}
		for i, f := range formers {
			out.Formers[i].Rollouts = a.rollouts(f.History)
		}
		return a.writeJSON(out)
	}
	a.historyText(h, len(formers) > 0)
	for _, f := range formers {
		a.say("\n%s", prose.Wrapped(formerText(key, f)+":", "", width(a.stdout)))
		a.historyText(f.History, false)
		key = f.Key
	}
	return nil
}

// rollouts lists those of one name, the newest first.
func (a *app) rollouts(h *release.History) []rolloutJSON {
	list := []rolloutJSON{}
	for i := len(h.Rollouts) - 1; i >= 0; i-- {
		list = append(list, *toRollout(h.Key, h.Rollouts[i], a.clock.Now()))
	}
	return list
}

// historyText writes a table for the eye, and the reasons below each line. More is
// whether the release had another name before.
func (a *app) historyText(h *release.History, more bool) {
	if len(h.Rollouts) == 0 {
		text := "%s has had no rollout; %s served when it was adopted."
		if more {
			text = "%s has had no rollout by this name; %s served when it got it."
		}
		a.say(text, h.Key, label(h.Serving()))
		return
	}
	now := a.clock.Now()
	t := newTable("n", "kind", "from -> to", "result", "opened", "took", "by")
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 3, WidthMax: 22, WidthMaxEnforcer: text.WrapText},
		{Number: 7, WidthMax: 12, WidthMaxEnforcer: text.WrapText},
	})
	for i := len(h.Rollouts) - 1; i >= 0; i-- {
		r := h.Rollouts[i]
		t.AppendRow(table.Row{
			r.Number, string(r.Kind), fromTo(r), words(r.State),
			r.OpenedAt.UTC().Format("01-02 15:04Z"), span(lasted(r, now)), r.OpenedBy,
		})
	}
	a.say("%s", t.Render())
	title := "\nWhy"
	for i := len(h.Rollouts) - 1; i >= 0; i-- {
		if r := h.Rollouts[i]; r.Cause != "" || r.Why() != "" {
			a.header(&title)
			a.say("%s", strings.Replace(prose.Wrapped(reason(r), "     ", width(a.stdout)), "     ", fmt.Sprintf("  %-3d", r.Number), 1))
		}
	}
	a.say("\nStep by step: sluice history %s --rollout %d", h.Key, h.Last().Number)
}

func (a *app) oneRollout(ctx context.Context, l ledger.Ledger, key release.Key, number int) error {
	h, events, err := timeline(ctx, l, key, number)
	if err != nil {
		return err
	}
	r := h.Rollout(number)
	if a.asJSON {
		return a.writeJSON(timelineJSON{rolloutJSON: *toRollout(key, r, a.clock.Now()), Events: events})
	}
	a.say("%s   %s   rollout %d (%s)   by %s", key, fromTo(r), r.Number, words(r.Kind), r.OpenedBy)
	a.say("%s", ProgressLine(r, a.clock.Now(), width(a.stdout)))
	for _, e := range events {
		a.say("%s", e.folded("", width(a.stdout)))
	}
	return nil
}

// timeline folds the release and keeps the events of one rollout; of the newest one where
// the number is 0.
func timeline(ctx context.Context, l ledger.Ledger, key release.Key, number int) (*release.History, []eventJSON, error) {
	records, err := l.Read(ctx, key.Stream(), 1)
	if err != nil {
		return nil, nil, err
	}
	if len(records) == 0 {
		return nil, nil, unknownRelease(ctx, l, key)
	}
	h, events := release.NewHistory(key), []eventJSON{}
	for _, rec := range records {
		if err := h.Add(rec); err != nil {
			return nil, nil, err
		}
		e, ok, err := eventOf(h, rec)
		if err != nil {
			return nil, nil, err
		}
		if ok && (number == 0 || e.Rollout == number) {
			events = append(events, e)
		}
	}
	last := h.Last()
	if number == 0 && last == nil {
		return nil, nil, fmt.Errorf("%s has had no rollout; what it has had: sluice history %s", key, key)
	}
	if number == 0 {
		return h, slices.DeleteFunc(events, func(e eventJSON) bool { return e.Rollout != last.Number }), nil
	}
	if h.Rollout(number) == nil {
		return nil, nil, fmt.Errorf("%s has no rollout %d; it has had %s%s", key, number, plural(uint64(len(h.Rollouts)), "rollout"), elsewhere(ctx, l, h, number))
	}
	return h, events, nil
}

// line is the event on one line.
func (e eventJSON) line() string {
	return fmt.Sprintf("%s  %5s  %s", hour(e.At), percent(e.Weight), strings.ReplaceAll(e.Text, "\n", " "))
}

// folded is the line with its text kept in its column, for people. It begins with
// the indent.
func (e eventJSON) folded(indent string, width int) string {
	head := fmt.Sprintf("%s%s  %5s  ", indent, hour(e.At), percent(e.Weight))
	column := strings.Repeat(" ", len(head))
	return head + strings.TrimPrefix(prose.Wrapped(strings.ReplaceAll(e.Text, "\n", " "), column, width), column)
}

// rolloutName names a rollout: "checkout/production/3".
func rolloutName(key release.Key, number int) string {
	return key.String() + "/" + strconv.Itoa(number)
}
