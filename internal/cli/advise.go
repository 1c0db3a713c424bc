package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

func (a *app) windowCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "window",
		Short:   "Find out when changes had best go forward",
		Example: "  " + adviseExample,
	}, a.adviseCommand())
}

const adviseExample = `sluice window advise --csv traffic.csv --zone Europe/Berlin`

// adviseFlags are what is wanted of the week.
type adviseFlags struct {
	csv, zone, strategy, takes, minLength string
	share, ceiling, quiet                 float64
	within                                []string
	windows                               int
}

func (a *app) adviseCommand() *cobra.Command {
	var f adviseFlags
	cmd := a.reads(&cobra.Command{
		Use:   "advise --csv FILE --zone IANA",
		Short: "Find the quiet hours of the week, and windows made of them",
		Long: `Reads the traffic of the past weeks and prints the week in characters, the quiet
hours, and windows to declare, with the reasons. It reads no ledger unless --strategy
names a declared one. The file has a header with the columns time (RFC 3339), requests
and, if it is counted, errors; - is standard input. At least a week is needed.`,
		Example: "  " + adviseExample + `
  sluice window advise --csv traffic.csv --zone Europe/Berlin --within "mon-thu 08:00-18:00" --takes 45m --share 10 --ceiling 0.5
  sluice window advise --csv traffic.csv --zone Europe/Berlin --strategy careful --quiet-share 75 --min-length 2h --windows 2 --json`,
		Args: takes(),
	})
	flags := cmd.Flags()
	flags.StringVar(&f.csv, "csv", "", "file with the traffic, or - (required)")
	flags.StringVar(&f.zone, "zone", "", "IANA name of the time zone that the users live by (required)")
	flags.StringVar(&f.strategy, "strategy", "", "strategy of the release: its name in the ledger, or a file with its definition in JSON")
	flags.StringVar(&f.takes, "takes", "", "how long the release takes, instead of --strategy, for example 45m")
	flags.Float64Var(&f.share, "share", 100, "share of the users that meets the new version meanwhile, in percent")
	flags.Float64Var(&f.ceiling, "ceiling", 0, "share of requests that may fail, in percent; 0 counts no budget")
	flags.Float64Var(&f.quiet, "quiet-share", advice.DefaultQuietShare*100, "up to which share of the average an hour is quiet, in percent")
	flags.StringArrayVar(&f.within, "within", nil, `when windows may lie, for example "mon-fri 08:00-18:00"; may be repeated`)
	flags.StringVar(&f.minLength, "min-length", "", "how long a window must be, for example 2h")
	flags.IntVar(&f.windows, "windows", advice.DefaultMaxWindows, "how many windows are made")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if err := exclusive(cmd, "strategy", "takes"); err != nil {
			return err
		}
		return a.advise(ctx, f)
	})
	return cmd
}

func (a *app) advise(ctx context.Context, f adviseFlags) error {
	o, err := a.adviseOptions(ctx, f)
	if err != nil {
		return err
	}
	s, err := a.trafficOf(f.csv)
	if err != nil {
		return err
	}
	found, err := advice.Advise(s, o)
	var wrong *advice.SeriesError
	var errs field.Errors
	switch {
	case errors.As(err, &errs):
		return badInput("%s", adviseError(errs))
	case errors.As(err, &wrong):
		return badInput("--csv %s: %w", f.csv, err)
	case err != nil:
		return err
	case a.asJSON:
		return a.writeJSON(found)
	}
	fmt.Fprint(a.stdout, found.Picture)
	for _, reason := range found.Reasons {
		a.say("\n%s", prose.Wrapped(reason, " ", width(a.stdout)))
	}
	for i, w := range found.Windows {
		a.say("\n window %c: recurrence = [{ start = %q, end = %q,\n             rrule = %q }]", 'a'+i, w.Weekly.Start, w.Weekly.End, w.Weekly.RRule)
	}
	return nil
}

// adviseOptions reads the flags.
func (a *app) adviseOptions(ctx context.Context, f adviseFlags) (advice.Options, error) {
	o := advice.Options{Zone: f.zone, Ceiling: f.ceiling / 100, QuietShare: f.quiet / 100, MaxWindows: f.windows}
	switch {
	case f.csv == "":
		return o, badInput("--csv is missing; for example: %s", adviseExample)
	case f.quiet <= 0:
		return o, badInput("--quiet-share is %g; it must be above 0 and at most 100, for example 50", f.quiet)
	case f.windows <= 0:
		return o, badInput("--windows is %d; it must be from 1 to %d, for example 3", f.windows, advice.MostWindows)
	}
	if f.minLength != "" {
		length, problem := field.ParseDuration(f.minLength, false)
		if problem != "" {
			return o, badInput("--min-length: %s", problem)
		}
		o.MinLength = length
	}
	if f.takes != "" {
		length, problem := field.ParseDuration(f.takes, false)
		if problem != "" {
			return o, badInput("--takes: %s", problem)
		}
		o.Release = advice.Exposure{{Share: f.share / 100, Time: length}}
	}
	if f.strategy != "" {
		d, err := a.readStrategy(ctx, f.strategy)
		if err != nil {
			return o, err
		}
		if o.Release = advice.ExposureOf(d); len(o.Release) == 0 {
			return o, badInput("--strategy %s plans no time, neither for its steps nor for a bake; say how long a release takes, for example --takes 15m", f.strategy)
		}
	}
	for _, text := range f.within {
		w, err := withinOf(text)
		if err != nil {
			return o, err
		}
		o.Within = append(o.Within, w)
	}
	if errs := o.Validate(); len(errs) > 0 {
		return o, badInput("%s", adviseError(errs))
	}
	return o, nil
}

// adviseFlagsOf are the flags of what advice names in its errors.
var adviseFlagsOf = map[string]string{
	"time_zone": "zone", "objective": "ceiling", "quiet_share": "quiet-share", "min_length": "min-length", "max_windows": "windows", "release": "takes", "within": "within",
}

func adviseError(errs field.Errors) string {
	parts := make([]string, len(errs))
	for i, e := range errs {
		name, _, _ := strings.Cut(e.Path, "[")
		parts[i] = "--" + adviseFlagsOf[name] + ": " + e.Msg
	}
	return strings.Join(parts, "; ")
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// withinOf reads "mon-fri 08:00-18:00" or "tue,thu 22:00-02:00".
func withinOf(text string) (calendar.Weekly, error) {
	bad := badInput("--within %q is no time of the week; allowed are days and times such as \"mon-fri 08:00-18:00\" or \"tue,thu 22:00-02:00\"", text)
	days, times, ok := strings.Cut(strings.TrimSpace(text), " ")
	from, to, ranged := strings.Cut(strings.TrimSpace(times), "-")
	if !ok || !ranged {
		return calendar.Weekly{}, bad
	}
	w := calendar.Weekly{From: from, To: to}
	for _, part := range strings.Split(strings.ToLower(days), ",") {
		first, last, row := strings.Cut(part, "-")
		if !row {
			w.Days = append(w.Days, first)
			continue
		}
		begin, end := weekdayIndex(first), weekdayIndex(last)
		if begin < 0 || end < 0 {
			return calendar.Weekly{}, bad
		}
		for i := begin; ; i = (i + 1) % len(weekdays) {
			w.Days = append(w.Days, weekdays[i])
			if i == end {
				break
			}
		}
	}
	return w, nil
}

func weekdayIndex(name string) int {
	for i, d := range weekdays {
		if d == name {
			return i
		}
	}
	return -1
}

// trafficOf reads the file.
func (a *app) trafficOf(name string) (advice.Series, error) {
	in := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return advice.Series{}, badInput("--csv %s cannot be read: %w", name, err)
		}
		defer f.Close() //nolint:errcheck // Nothing was written.
		in = f
	}
	s, err := advice.ReadCSV(in)
	if err != nil {
		return s, badInput("--csv %s: %w", name, err)
	}
	return s, nil
}
