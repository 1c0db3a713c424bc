package advice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

const berlin = "Europe/Berlin"

var everyNight = []string{"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU 2024-01-01T01:00 2024-01-01T06:00"}

// The quiet hours are the same in summer, in winter, in the weeks in which clocks
// change, with any interval, and with a point that straddles the hours of a zone.
func TestTheQuietHoursStandOnTheWallClock(t *testing.T) {
	for name, s := range map[string]struct {
		zone, from string
		weeks      int
		interval   time.Duration
	}{
		"summer":                        {berlin, "2026-06-01", 4, time.Hour},
		"winter, five minutes":          {berlin, "2026-11-02", 2, 5 * time.Minute},
		"clocks go forward in it":       {berlin, "2026-03-23", 2, time.Hour},
		"only the week they go forward": {berlin, "2026-03-23", 1, time.Hour},
		"clocks go back in it":          {berlin, "2026-10-19", 3, 30 * time.Minute},
		"a zone of half hours":          {"Asia/Kolkata", "2026-06-01", 2, 15 * time.Minute},
		"half an hour of summer time":   {"Australia/Lord_Howe", "2026-09-21", 4, 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			a := advise(t, series(zone(t, s.zone), s.from, s.weeks, s.interval, nights), advice.Options{Zone: s.zone})
			if name == "only the week they go forward" {
				// Sunday 02:00 does not exist there, so the night to it is known in two parts.
				if a.Unknown != 1 || !strings.Contains(a.Picture, " Sun  @  .c ?  .b .b .b @") {
					t.Errorf("%d hours are unknown:\n%s", a.Unknown, a.Picture)
				}
				return
			}
			if diff := cmp.Diff(everyNight, rules(a)); diff != "" || a.Unknown != 0 {
				t.Errorf("%d unknown (-want +got):\n%s\n%s", a.Unknown, diff, a.Picture)
			}
			if len(a.Quiet) != 7 || a.Quiet[0] != (advice.Quiet{Day: "monday", From: "01:00", To: "06:00", Requests: 100, Share: a.Windows[0].Share}) {
				t.Errorf("the quiet hours are %+v", a.Quiet)
			}
		})
	}
}

// Half an hour in UTC is read at other hours of the wall clock, in proportion.
func TestHourlyPointsOfAnotherGridAreShared(t *testing.T) {
	loc := zone(t, "Asia/Kolkata")
	s := advice.Series{Interval: time.Hour}
	for at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC); len(s.Points) < 14*24; at = at.Add(time.Hour) {
		s.Points = append(s.Points, advice.Point{Start: at, Requests: nights(at.In(loc))})
	}
	a := advise(t, s, advice.Options{Zone: "Asia/Kolkata"})
	// The hours at the edges are half of a quiet and half of a busy one, so they are out.
	want := []string{"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU 2024-01-01T02:00 2024-01-01T06:00"}
	if diff := cmp.Diff(want, rules(a)); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, a.Picture)
	}
}

// A window that is declared from the advice is on in the quiet hours, also on the
// days on which clocks change.
func TestTheWindowsCanBeDeclared(t *testing.T) {
	a := advise(t, series(zone(t, berlin), "2026-06-01", 4, time.Hour, nights), advice.Options{Zone: berlin})
	w := calendar.Window{Name: "quiet", Kind: calendar.Allow, TimeZone: a.Zone}
	for _, one := range a.Windows {
		w.Recurrence = append(w.Recurrence, calendar.Recurrence{Start: one.Weekly.Start, End: one.Weekly.End, RRule: one.Weekly.RRule})
	}
	if errs := w.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	loc := zone(t, berlin)
	for _, day := range []string{"2026-03-29", "2026-07-01", "2026-10-25"} {
		at, err := time.ParseInLocation("2006-01-02 15:04", day+" 00:30", loc)
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			at = at.Add(time.Hour)
			state, err := calendar.StateOf(w, at)
			if err != nil {
				t.Fatal(err)
			}
			if quiet := nights(at) == 100; state.Open != quiet {
				t.Errorf("%s: open is %t, want %t", at, state.Open, quiet)
			}
		}
	}
}

func TestWhatIsNotKnownIsNeverQuiet(t *testing.T) {
	loc := zone(t, berlin)
	full := series(loc, "2026-06-01", 4, time.Hour, nights)
	lost := func(weeks int) advice.Series {
		return without(full, func(at time.Time) bool {
			at = at.In(loc)
			return at.Weekday() == time.Wednesday && at.Hour() == 3 && at.Before(time.Date(2026, 6, 1+7*weeks, 0, 0, 0, 0, loc))
		})
	}
	if a := advise(t, lost(2), advice.Options{Zone: berlin}); a.Unknown != 0 || len(a.Windows) != 1 {
		t.Errorf("known in two weeks of four, %d hours are unknown:\n%s", a.Unknown, a.Picture)
	}
	a := advise(t, lost(3), advice.Options{Zone: berlin})
	want := []string{
		"FREQ=WEEKLY;BYDAY=MO,TU,TH,FR,SA,SU 2024-01-01T01:00 2024-01-01T06:00",
		"FREQ=WEEKLY;BYDAY=WE 2024-01-03T01:00 2024-01-03T03:00",
		"FREQ=WEEKLY;BYDAY=WE 2024-01-03T04:00 2024-01-03T06:00",
	}
	if diff := cmp.Diff(want, rules(a)); diff != "" || a.Unknown != 1 {
		t.Errorf("%d unknown (-want +got):\n%s", a.Unknown, diff)
	}
	if !strings.Contains(strings.Join(a.Reasons, "\n"), "of the 168 hours of the week, 1 cannot be told") {
		t.Errorf("it does not say so: %q", a.Reasons)
	}
	// A part of an hour that is missing makes the hour unknown, however quiet the rest is.
	fine := series(loc, "2026-06-01", 1, 5*time.Minute, nights)
	a = advise(t, without(fine, func(at time.Time) bool { at = at.In(loc); return at.Hour() == 2 && at.Minute() == 10 }), advice.Options{Zone: berlin})
	if a.Unknown != 7 {
		t.Errorf("%d hours are unknown, want one of each day", a.Unknown)
	}
}

// One week in four that is a holiday, an outage or an attack changes nothing.
func TestOneOddWeekChangesNothing(t *testing.T) {
	loc := zone(t, berlin)
	for name, factor := range map[string]float64{"holiday": 0.05, "attack": 50, "outage": 0} {
		t.Run(name, func(t *testing.T) {
			odd := series(loc, "2026-06-01", 4, time.Hour, func(at time.Time) float64 {
				if _, week := at.ISOWeek(); week == 24 {
					return nights(at) * factor
				}
				return nights(at)
			})
			if diff := cmp.Diff(everyNight, rules(advise(t, odd, advice.Options{Zone: berlin}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	// Of two weeks, the busier one counts.
	half := series(loc, "2026-06-01", 2, time.Hour, func(at time.Time) float64 {
		if at.Day() == 4 {
			return 10
		}
		return nights(at)
	})
	if diff := cmp.Diff(everyNight, rules(advise(t, half, advice.Options{Zone: berlin}))); diff != "" {
		t.Errorf("a holiday in one of two weeks (-want +got):\n%s", diff)
	}
}

func TestWithoutAPatternThereIsNoWindow(t *testing.T) {
	loc := zone(t, berlin)
	for name, c := range map[string]struct {
		of   shape
		want string
	}{
		"flat": {func(time.Time) float64 { return 500 }, "no hour is quiet, which is at most 50 % of the average: the least busy, Monday 00:00, has 100 %"},
		"zero": {func(time.Time) float64 { return 0 }, "there was not a single request in any hour"},
	} {
		t.Run(name, func(t *testing.T) {
			a := advise(t, series(loc, "2026-06-01", 4, time.Hour, c.of), advice.Options{Zone: berlin})
			if a.Found || len(a.Windows)+len(a.Quiet) > 0 || !strings.Contains(strings.Join(a.Reasons, "\n"), c.want) {
				t.Errorf("found %t, %q; want %q", a.Found, a.Reasons, c.want)
			}
		})
	}
}

// awake is when people work.
var awake = []calendar.Weekly{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "08:00", To: "18:00"}}

func TestWindowsLieWithinAndAreLongEnough(t *testing.T) {
	loc := zone(t, berlin)
	lunch := series(loc, "2026-06-01", 4, time.Hour, func(at time.Time) float64 {
		switch h := at.Hour(); {
		case h >= 12 && h < 14, h < 6:
			return 200
		case at.Weekday() == time.Friday && h >= 15:
			return 300
		}
		return 1000
	})
	for name, c := range map[string]struct {
		options advice.Options
		want    []string
		says    string
	}{
		"people are awake": {advice.Options{Within: awake}, []string{
			"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR 2024-01-01T12:00 2024-01-01T14:00",
			"FREQ=WEEKLY;BYDAY=FR 2024-01-05T15:00 2024-01-05T18:00",
		}, "window a: Mon-Fri 12:00 to 14:00 has 200 requests an hour"},
		"three hours":         {advice.Options{Within: awake, MinLength: 3 * time.Hour}, []string{"FREQ=WEEKLY;BYDAY=FR 2024-01-05T15:00 2024-01-05T18:00"}, "window a: Fri 15:00"},
		"a release of 2h30m":  {advice.Options{Within: awake, Release: advice.Exposure{{0.1, 150 * time.Minute}}}, []string{"FREQ=WEEKLY;BYDAY=FR 2024-01-05T15:00 2024-01-05T18:00"}, "a release of 2h30m"},
		"four hours":          {advice.Options{Within: awake, MinLength: 4 * time.Hour}, nil, "nowhere 4 in a row"},
		"one window":          {advice.Options{MaxWindows: 1}, []string{"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU 2024-01-01T00:00 2024-01-01T06:00"}, ""},
		"only busy hours":     {advice.Options{Within: []calendar.Weekly{{Days: []string{"mon"}, From: "08:00", To: "10:00"}}}, nil, "no hour inside of within is quiet"},
		"parts of hours":      {advice.Options{Within: []calendar.Weekly{{Days: []string{"mon"}, From: "12:30", To: "14:30"}}}, []string{"FREQ=WEEKLY;BYDAY=MO 2024-01-01T13:00 2024-01-01T14:00"}, ""},
		"over midnight":       {advice.Options{Within: []calendar.Weekly{{Days: []string{"sun"}, From: "23:00", To: "02:00"}}}, []string{"FREQ=WEEKLY;BYDAY=MO 2024-01-01T00:00 2024-01-01T02:00"}, ""},
		"quieter than that":   {advice.Options{QuietShare: 0.1}, nil, "no hour is quiet, which is at most 10 % of the average"},
		"a little quiet only": {advice.Options{Within: awake, QuietShare: 0.3}, []string{"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR 2024-01-01T12:00 2024-01-01T14:00"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Zone = berlin
			a := advise(t, lunch, c.options)
			if diff := cmp.Diff(c.want, rules(a)); diff != "" || a.Found != (len(c.want) > 0) {
				t.Errorf("found %t (-want +got):\n%s\n%s", a.Found, diff, a.Picture)
			}
			if !strings.Contains(strings.Join(a.Reasons, "\n"), c.says) {
				t.Errorf("it does not say %q: %q", c.says, a.Reasons)
			}
		})
	}
}

// What a release touches is its share of the traffic of each hour that it runs in.
func TestUsersAndBudgetThatAReleaseTouches(t *testing.T) {
	s := series(zone(t, berlin), "2026-06-01", 4, time.Hour, nights)
	s.Errors = true
	for i := range s.Points {
		s.Points[i].Errors = s.Points[i].Requests / 1000
	}
	canary := strategy.Definition{Bake: field.Duration(time.Hour), Canary: &strategy.Canary{Steps: []strategy.CanaryStep{
		{Weight: 10, AtLeast: field.Duration(30 * time.Minute)}, {Weight: 50, AtLeast: field.Duration(30 * time.Minute)}, {Weight: 100},
	}}}
	e := advice.ExposureOf(canary)
	if diff := cmp.Diff(advice.Exposure{{0.1, 30 * time.Minute}, {0.5, 30 * time.Minute}, {1, time.Hour}}, e); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	a := advise(t, s, advice.Options{Zone: berlin, Release: e, Ceiling: 0.01})
	w := a.Windows[0]
	if w.Best == nil || *w.Best != 130 || *w.Worst != 130 || w.BestAt != "monday 01:00" {
		t.Errorf("a release in the window touches %v at %s, at worst %v; want 130", w.Best, w.BestAt, w.Worst)
	}
	if a.Release == nil || *a.Release.AtBusiest != 1300 || a.Mean != 812.5 || a.Release.AtMean != 1056 || a.Release.Takes != "2h" {
		t.Errorf("at other times it touches %+v of %v an hour", a.Release, a.Mean)
	}
	// A budget of 1 % of 812.5 requests an hour over 30 days is 5,850 failures.
	if *w.Budget != 0.02222 || *a.Release.BudgetWorst != 0.2222 || a.Spent == nil || *a.Spent != 0.1 {
		t.Errorf("the budget touched is %v, at worst %v; spent %v", *w.Budget, *a.Release.BudgetWorst, a.Spent)
	}
	// One that begins before the end of the window is not counted.
	a = advise(t, s, advice.Options{Zone: berlin, Release: advice.Exposure{{1, 90 * time.Minute}}})
	if w := a.Windows[0]; *w.Worst != 150 || w.Budget != nil || a.Spent != nil {
		t.Errorf("at worst %v, budget %v", *w.Worst, w.Budget)
	}
}

func TestTheStartAtTheEdgeOfAWindowCounts(t *testing.T) {
	slope := series(zone(t, berlin), "2026-06-01", 4, time.Hour, func(at time.Time) float64 {
		if h := at.Hour(); h >= 1 && h < 6 {
			return float64(10 * h)
		}
		return 1000
	})
	a := advise(t, slope, advice.Options{Zone: berlin, Release: advice.Exposure{{1, 2 * time.Hour}}})
	if w := a.Windows[0]; *w.Best != 30 || *w.Worst != 90 || w.BestAt != "monday 01:00" {
		t.Errorf("best %v at %s, worst %v; want 30 at 01:00, and 90 at 04:00", *w.Best, w.BestAt, *w.Worst)
	}
}

func TestASeriesThatIsTooShortSaysHowMuchThereIs(t *testing.T) {
	loc := zone(t, berlin)
	whole := series(loc, "2026-06-01", 1, time.Hour, nights)
	short := whole
	short.Points = whole.Points[:167]
	for want, s := range map[string]advice.Series{
		"there is no data at all; a weekly pattern needs at least 7 days":                                                                        {Interval: time.Hour},
		"there are 6 days 23 hours of data, from 2026-06-01T00:00:00+02:00 to 2026-06-07T23:00:00+02:00; a weekly pattern needs at least 7 days": short,
		"no hour of the week is known as a whole": without(series(loc, "2026-06-01", 1, 30*time.Minute, nights), func(at time.Time) bool {
			return at.Minute() == 0 && !at.Equal(time.Date(2026, 6, 1, 0, 0, 0, 0, loc)) || at.Equal(time.Date(2026, 6, 1, 0, 30, 0, 0, loc))
		}),
	} {
		_, err := advice.Advise(s, advice.Options{Zone: berlin})
		var wrong *advice.SeriesError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if a := advise(t, whole, advice.Options{Zone: berlin}); !strings.Contains(strings.Join(a.Reasons, "\n"), "with 1 week a holiday would look like any other week") {
		t.Errorf("a single week says nothing of it: %q", a.Reasons)
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	for want, o := range map[string]advice.Options{
		`time_zone: "Europe/Belin" is not the name of an IANA time zone`: {Zone: "Europe/Belin"},
		"objective: 1 is not a ceiling":                                  {Zone: "UTC", Ceiling: 1},
		"quiet_share: 1.5 is not a share":                                {Zone: "UTC", QuietShare: 1.5},
		"min_length: 25h is not the length":                              {Zone: "UTC", MinLength: 25 * time.Hour},
		"max_windows: 21 is not a number":                                {Zone: "UTC", MaxWindows: 21},
		"release: a share of 2 for 1h is no part":                        {Zone: "UTC", Release: advice.Exposure{{2, time.Hour}}},
		"release: a release of 25h fits in no window":                    {Zone: "UTC", Release: advice.Exposure{{1, 25 * time.Hour}}},
		"within[0].from: ":                                               {Zone: "UTC", Within: []calendar.Weekly{{Days: []string{"mon"}, From: "8", To: "10:00"}}},
		"within[0].days":                                                 {Zone: "UTC", Within: []calendar.Weekly{{From: "08:00", To: "10:00"}}},
	} {
		_, err := advice.Advise(advice.Series{}, o)
		var wrong field.Errors
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
