package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// expandFlags are those of calendar.Expansion that are no plain text.
type expandFlags struct {
	from, to, gap string
	ends          bool
	e             calendar.Expansion
}

func (a *app) expandCommand() *cobra.Command {
	var f expandFlags
	cmd := &cobra.Command{
		Use:   "expand --dtstart LOCAL --zone IANA --rrule RULE",
		Short: "Print the instants that a recurrence rule makes",
		Long: `Prints when a rule of RFC 5545 comes, one RFC 3339 time a line, so that it can be
tried before it guards production. It reads no ledger. With --ends each line has the
end, too, behind a space. A rule that is refused ends with exit code 2, and the reason.

Without --to and --limit it looks ten years ahead. Local times are such as
2026-01-05T09:00, or 2026-01-05 for whole days.`,
		Example: `  sluice calendar expand --dtstart 2026-01-30T18:00 --zone Europe/Berlin --rrule "FREQ=MONTHLY;BYDAY=-1FR" --limit 12
  sluice calendar expand --dtstart 2026-03-01T02:30 --zone Europe/Berlin --rrule FREQ=DAILY --dst-gap shift --to 2026-04-01T00:00:00Z
  sluice calendar expand --dtstart 2026-01-05T09:00 --zone America/New_York --rrule FREQ=WEEKLY --exdate 2026-01-12T09:00 --rdate 2026-01-14T09:00 --duration PT8H --ends --from 2026-01-06T00:00:00Z --to 2026-02-03T00:00:00Z`,
		Args: takes(),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.e.DTStart, "dtstart", "", "the first occurrence: a local time or a day (required)")
	flags.StringVar(&f.e.Zone, "zone", "", "IANA name of the time zone (required)")
	flags.StringVar(&f.e.Duration, "duration", "", "how long an occurrence is: PT8H or 8h is exact, P1D follows the wall clock")
	flags.BoolVar(&f.ends, "ends", false, "print the ends, too")
	flags.StringArrayVar(&f.e.RRules, "rrule", nil, "the rule; a second one is refused")
	flags.StringArrayVar(&f.e.ExDates, "exdate", nil, "a start that does not come; may be given again")
	flags.StringArrayVar(&f.e.RDates, "rdate", nil, "a further start; may be given again")
	flags.StringVar(&f.from, "from", "", "only starts from this time on, RFC 3339")
	flags.StringVar(&f.to, "to", "", "only starts before this time, RFC 3339")
	flags.IntVar(&f.e.Limit, "limit", 0, "at most so many; 0 means as many as there are")
	flags.StringVar(&f.gap, "dst-gap", "skip", "what becomes of a start in the hour that is left out when clocks go forward: skip or shift")
	cmd.RunE = a.does(func(context.Context, []string) error { return a.expand(f) })
	return cmd
}

// paths are the flags of what calendar.Expand names in its errors.
var paths = map[string]string{"exdates": "exdate", "rdates": "rdate", "dst_gap": "dst-gap"}

func (a *app) expand(f expandFlags) error {
	var err error
	if f.e.From, err = optionalTime("from", f.from, time.Time{}); err != nil {
		return err
	}
	if f.e.To, err = optionalTime("to", f.to, time.Time{}); err != nil {
		return err
	}
	if f.e.DSTGap = calendar.DSTGap(f.gap); f.gap == "" {
		return badInput(`--dst-gap is empty; allowed are skip and shift, for example --dst-gap skip`)
	}
	found, err := calendar.Expand(f.e)
	if err != nil {
		return &ExitError{Code: BadUsage, Err: expandError(err)}
	}
	var b strings.Builder
	for _, i := range found {
		b.WriteString(i.Start.Format(time.RFC3339))
		if f.ends {
			b.WriteString(" " + i.End.Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	_, err = a.stdout.Write([]byte(b.String()))
	return err
}

// expandError names the flags that are wrong.
func expandError(err error) error {
	var fields calendar.FieldErrors
	if !errors.As(err, &fields) {
		return err
	}
	parts := make([]string, len(fields))
	for i, field := range fields {
		name, _, _ := strings.Cut(field.Path, "[")
		if other, ok := paths[name]; ok {
			name = other
		}
		if name == "" {
			name = "rrule"
		}
		parts[i] = "--" + name + ": " + field.Msg
	}
	return errors.New(strings.Join(parts, "; "))
}
