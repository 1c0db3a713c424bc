package advice

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Options say what is wanted of the week.
type Options struct {
	// Zone is the IANA name of the zone whose wall clock people live by.
	Zone string
	// Release is what a release does; nil leaves out what it would touch.
	Release Exposure
	// Ceiling is the share of requests that the objective lets fail, above 0 and
	// below 1; 0 leaves out the error budget.
	Ceiling float64
	// Within holds when a window may lie, such as when people are awake; empty means
	// at any time.
	Within []calendar.Weekly
	// QuietShare is up to which share of the mean hour an hour is quiet, above 0;
	// 0 takes DefaultQuietShare.
	QuietShare float64
	// MinLength is how long a window must be; 0 takes an hour, and the release's time
	// where that is longer.
	MinLength time.Duration
	// MaxWindows is how many windows are made; 0 takes DefaultMaxWindows.
	MaxWindows int
}

const (
	// DefaultQuietShare is the QuietShare where nobody says.
	DefaultQuietShare = 0.5
	// DefaultMaxWindows is the MaxWindows where nobody says.
	DefaultMaxWindows = 3
	// MostWindows is the greatest MaxWindows.
	MostWindows = 20
	// BudgetPeriod is the time over which an error budget is counted.
	BudgetPeriod = 30 * 24 * time.Hour
)

// Validate says what is wrong with the options. The paths are those of the
// attributes of the data source.
func (o Options) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	probe := calendar.Window{Name: "within", Kind: calendar.Allow, TimeZone: o.Zone, Weekly: o.Within}
	if len(o.Within) == 0 {
		probe.Weekly = []calendar.Weekly{{Days: []string{"mon"}, From: "00:00", To: "24:00"}}
	}
	for _, e := range probe.Validate() {
		add(strings.Replace(e.Path, "weekly", "within", 1), "%s", e.Msg)
	}
	if o.Ceiling < 0 || o.Ceiling >= 1 {
		add("objective", "%v is not a ceiling; it must be above 0 %% and below 100 %%, for example \"1%%\"", o.Ceiling)
	}
	if o.QuietShare < 0 || o.QuietShare > 1 {
		add("quiet_share", "%v is not a share of the mean hour; it must be above 0 %% and at most 100 %%, for example \"50%%\"", o.QuietShare)
	}
	if o.MinLength < 0 || o.MinLength > 24*time.Hour {
		add("min_length", "%s is not the length of a window; it must be at most 24h, for example \"2h\"", field.FormatDuration(o.MinLength))
	}
	if o.MaxWindows < 0 || o.MaxWindows > MostWindows {
		add("max_windows", "%d is not a number of windows; it must be from 1 to %d, for example 3", o.MaxWindows, MostWindows)
	}
	for _, l := range o.Release {
		if l.Share < 0 || l.Share > 1 || l.Time <= 0 {
			add("release", "a share of %v for %s is no part of a release; the share must be from 0 %% to 100 %% and the time above 0s", l.Share, field.FormatDuration(l.Time))
		}
	}
	if takes := o.Release.Takes(); takes > 24*time.Hour {
		add("release", "a release of %s fits in no window, which is at most a day long; plan it with change windows that let it finish outside (overrun), or give a shorter one, for example \"2h\"", field.FormatDuration(takes))
	}
	return errs
}

// length is how many whole hours a window must have.
func (o Options) length() int {
	least := max(o.MinLength, o.Release.Takes(), time.Hour)
	return int((least + time.Hour - 1) / time.Hour)
}

func (o Options) quietShare() float64 {
	if o.QuietShare == 0 {
		return DefaultQuietShare
	}
	return o.QuietShare
}

func (o Options) maxWindows() int {
	if o.MaxWindows == 0 {
		return DefaultMaxWindows
	}
	return o.MaxWindows
}

// allowed says for each hour of the week whether it lies within as a whole.
func (o Options) allowed() [hoursOfWeek]bool {
	var minutes [hoursOfWeek * 60]bool
	for _, w := range o.Within {
		from, to := minuteOf(w.From), minuteOf(w.To)
		if to <= from {
			to += 24 * 60
		}
		for _, name := range w.Days {
			first := slot(dayOf(name), 0) * 60
			for m := from; m < to; m++ {
				minutes[(first+m)%len(minutes)] = true
			}
		}
	}
	var out [hoursOfWeek]bool
	for i := range out {
		out[i] = true
		for m := i * 60; m < (i+1)*60 && len(o.Within) > 0; m++ {
			out[i] = out[i] && minutes[m]
		}
	}
	return out
}

// minuteOf and dayOf read what calendar has validated.
func minuteOf(clock string) int {
	var hours, minutes int
	if _, err := fmt.Sscanf(clock, "%d:%d", &hours, &minutes); err != nil {
		return 0
	}
	return hours*60 + minutes
}

func dayOf(name string) time.Weekday {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.HasPrefix(strings.ToLower(d.String()), name) {
			return d
		}
	}
	return time.Sunday
}
