package recur

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The examples of RFC 5545, 3.8.5.3, that a window may have, and the corners of
// 3.3.10; each with its first days.
func TestExamples(t *testing.T) {
	for _, tc := range []struct{ name, rule, start, want string }{
		{"daily", "FREQ=DAILY", "1997-09-02T09:00", "1997-09-02 1997-09-03 1997-09-04"},
		{"every other day", "FREQ=DAILY;INTERVAL=2", "1997-09-02T09:00", "1997-09-02 1997-09-04 1997-09-06"},
		{"every 10 days", "FREQ=DAILY;INTERVAL=10", "1997-09-02T09:00", "1997-09-02 1997-09-12 1997-09-22 1997-10-02"},
		{"every day in January", "FREQ=DAILY;BYMONTH=1", "1998-01-30T09:00", "1998-01-30 1998-01-31 1999-01-01"},
		{"weekly", "FREQ=WEEKLY", "1997-09-02T09:00", "1997-09-02 1997-09-09 1997-09-16"},
		{"every other week, from Sunday on", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR", "1997-09-01T09:00", "1997-09-01 1997-09-03 1997-09-05 1997-09-15"},
		{"weeks start on Monday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05T09:00", "1997-08-05 1997-08-10 1997-08-19 1997-08-24"},
		{"weeks start on Sunday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05T09:00", "1997-08-05 1997-08-17 1997-08-19 1997-08-31"},
		{"positions in a week that began before the start", "FREQ=WEEKLY;BYDAY=MO,TU,WE;BYSETPOS=3", "2026-11-25T09:00", "2026-11-25 2026-12-02"},
		{"first Friday", "FREQ=MONTHLY;BYDAY=1FR", "1997-09-05T09:00", "1997-09-05 1997-10-03 1997-11-07"},
		{"first and last Sunday of every other month", "FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU", "1997-09-07T09:00", "1997-09-07 1997-09-28 1997-11-02 1997-11-30 1998-01-04"},
		{"second to last Monday", "FREQ=MONTHLY;BYDAY=-2MO", "1997-09-22T09:00", "1997-09-22 1997-10-20 1997-11-17"},
		{"third to last day", "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28T09:00", "1997-09-28 1997-10-29 1997-11-28 1997-12-29"},
		{"first and last day", "FREQ=MONTHLY;BYMONTHDAY=1,-1", "1997-09-30T09:00", "1997-09-30 1997-10-01 1997-10-31 1997-11-01"},
		{"every 18 months", "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11", "1997-09-10T09:00", "1997-09-10 1997-09-11 1999-03-10"},
		{"days that do not exist", "FREQ=MONTHLY", "2007-01-31T09:00", "2007-01-31 2007-03-31 2007-05-31"},
		{"February 30", "FREQ=MONTHLY;BYMONTHDAY=15,30", "2007-01-15T09:00", "2007-01-15 2007-01-30 2007-02-15 2007-03-15"},
		{"Friday the 13th", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1998-02-13T09:00", "1998-02-13 1998-03-13 1998-11-13 1999-08-13"},
		{"Saturday after the first Sunday", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13T09:00", "1997-09-13 1997-10-11 1997-11-08"},
		{"third of Tuesday to Thursday", "FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04T09:00", "1997-09-04 1997-10-07 1997-11-06"},
		{"second to last working day", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29T09:00", "1997-09-29 1997-10-30 1997-11-27"},
		{"yearly in June and July", "FREQ=YEARLY;BYMONTH=6,7", "1997-06-10T09:00", "1997-06-10 1997-07-10 1998-06-10"},
		{"every other year, three months", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2,3", "1997-03-10T09:00", "1997-03-10 1999-01-10 1999-02-10"},
		{"days of the year", "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200", "1997-01-01T09:00", "1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09"},
		{"day 366", "FREQ=YEARLY;BYYEARDAY=366", "2012-12-31T09:00", "2012-12-31 2016-12-31"},
		{"the day 366 from the end", "FREQ=YEARLY;BYYEARDAY=-366", "2012-01-01T09:00", "2012-01-01 2016-01-01"},
		{"20th Monday", "FREQ=YEARLY;BYDAY=20MO", "1997-05-19T09:00", "1997-05-19 1998-05-18 1999-05-17"},
		{"Monday of week 20", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12T09:00", "1997-05-12 1998-05-11 1999-05-17"},
		{"Thursdays in March", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13T09:00", "1997-03-13 1997-03-20 1997-03-27 1998-03-05"},
		{"election day", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05T09:00", "1996-11-05 2000-11-07 2004-11-02"},
		{"leap day", "FREQ=YEARLY", "2012-02-29T09:00", "2012-02-29 2016-02-29"},
		{"no leap day in 2100", "FREQ=YEARLY;INTERVAL=4", "2092-02-29T09:00", "2092-02-29 2096-02-29 2104-02-29"},
		{"weeks take the start's day", "FREQ=YEARLY;BYWEEKNO=1,2", "2013-01-08T00:00", "2013-01-08 2013-12-31 2014-01-07 2014-12-30"},
		{"last weeks", "FREQ=YEARLY;BYWEEKNO=-1,-2", "2027-01-02T00:00", "2027-01-02 2027-12-25 2028-01-01 2028-12-23"},
		{"years of weeks", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=TU,SA;INTERVAL=6", "2010-01-02T00:00", "2010-01-02 2015-12-29 2016-01-02"},
		{"months take the start's", "FREQ=YEARLY;BYMONTHDAY=-29,-1", "2024-02-01T00:00", "2024-02-01 2024-02-29 2025-02-28 2026-02-28"},
		{"lists out of order", "FREQ=YEARLY;BYMONTH=5,4", "2024-05-01T00:00", "2024-05-01 2025-04-01 2025-05-01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start, isDay := wall(t, tc.start)
			r, err := Parse(tc.rule, start, isDay)
			if err != nil {
				t.Fatal(err)
			}
			steps, n := 1000, strings.Count(tc.want, " ")+1
			var got []int64
			if err := r.Walk(0, MaxWall, &steps, func(w int64) bool { got = append(got, w); return len(got) < n }); err != nil {
				t.Fatal(err)
			}
			clock := tc.start[10:]
			var want []string
			for day := range strings.FieldsSeq(tc.want) {
				want = append(want, day+clock)
			}
			if diff := cmp.Diff(want, dates(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTimesOfADay(t *testing.T) {
	start, _ := wall(t, "1997-09-02T09:20")
	got := walk(t, "FREQ=DAILY;BYHOUR=16,9;BYMINUTE=40,0,20,0", start, 0, start+Day)
	want := []string{"1997-09-02T09:20", "1997-09-02T09:40", "1997-09-02T16:00", "1997-09-02T16:20", "1997-09-02T16:40", "1997-09-03T09:00"}
	if diff := cmp.Diff(want, dates(got)); diff != "" {
		t.Error(diff)
	}
	day, _ := wall(t, "2024-10-18")
	r, err := Parse("FREQ=DAILY;BYMINUTE=1,2,3,4;INTERVAL=2", day, true)
	if err != nil || r.Times() != 1 || !r.HoldsStart() {
		t.Errorf("a day heeds times: %v", err)
	}
}

func TestEnds(t *testing.T) {
	start, _ := wall(t, "2026-01-05T09:00")
	day, _ := wall(t, "2026-01-05")
	last, _ := wall(t, "2026-12-31T22:59")
	lastDay, _ := wall(t, "2026-12-31")
	for _, tc := range []struct {
		rule  string
		start int64
		isDay bool
		count int
		until Until
	}{
		{"FREQ=DAILY", start, false, 0, Until{}},
		{"FREQ=DAILY;COUNT=12", start, false, 12, Until{}},
		{"FREQ=DAILY;UNTIL=20261231T225900Z", start, false, 0, Until{Set: true, UTC: true, Wall: last}},
		{"FREQ=DAILY;UNTIL=20261231T225900", start, false, 0, Until{Set: true, Wall: last}},
		{"FREQ=DAILY;UNTIL=20261231", day, true, 0, Until{Set: true, Wall: lastDay}},
	} {
		r, err := Parse(tc.rule, tc.start, tc.isDay)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]any{tc.count, tc.until}, []any{r.Count(), r.Until()}); diff != "" {
			t.Errorf("%s: %s", tc.rule, diff)
		}
	}
}
