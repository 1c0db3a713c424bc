package calendar

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMonth(t *testing.T) {
	office := weekly(Allow, "office", berlin, "mon tue wed thu fri", "09:00", "17:00")
	night := weekly(Allow, "night", berlin, "wed", "22:00", "24:00")
	open := weekly(Allow, "sundays", berlin, "sun", "00:00", "24:00")
	christmas := absolute(Freeze, "christmas", berlin, "2026-12-23", "2026-12-31")
	cal, err := New([]Window{office, night, open, christmas})
	if err != nil {
		t.Fatal(err)
	}
	got, err := cal.Month(Subject{}, 2026, time.December, berlin)
	if err != nil {
		t.Fatal(err)
	}
	want := `December 2026, Europe/Berlin

 Mo   Tu   We   Th   Fr   Sa   Su
       1+   2+   3+   4+   5#   6.
  7+   8+   9+  10+  11+  12#  13.
 14+  15+  16+  17+  18+  19#  20.
 21+  22+  23#  24#  25#  26#  27#
 28#  29#  30#  31#

 . open   # closed   + partly open

  1       09:00-17:00
  2       09:00-17:00 22:00-24:00
  3 to 4  09:00-17:00
  7 to 8  09:00-17:00
  9       09:00-17:00 22:00-24:00
 10 to 11 09:00-17:00
 14 to 15 09:00-17:00
 16       09:00-17:00 22:00-24:00
 17 to 18 09:00-17:00
 21 to 22 09:00-17:00
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMonthCorners(t *testing.T) {
	empty, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := empty.Month(Subject{}, 2011, time.December, "Pacific/Apia")
	want := `December 2011, Pacific/Apia

 Mo   Tu   We   Th   Fr   Sa   Su
                 1.   2.   3.   4.
  5.   6.   7.   8.   9.  10.  11.
 12.  13.  14.  15.  16.  17.  18.
 19.  20.  21.  22.  23.  24.  25.
 26.  27.  28.  29.  30-  31.

 . open   # closed   + partly open
`
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	hourly := Window{Name: "hourly", Kind: Freeze, TimeZone: "UTC", Weekly: []Weekly{
		{[]string{"mon"}, "01:00", "02:00"}, {[]string{"mon"}, "03:00", "04:00"}, {[]string{"mon"}, "05:00", "06:00"}, {[]string{"mon"}, "07:00", "08:00"}, {[]string{"mon"}, "09:00", "10:00"}}}
	cal, err := New([]Window{hourly})
	if err != nil {
		t.Fatal(err)
	}
	days, err := cal.Days(Subject{}, 2026, time.November, "UTC")
	if err != nil || len(days) != 30 || clockText(days[1]) != "00:00-01:00 02:00-03:00 04:00-05:00 06:00-07:00 and 2 more" || days[0].Mark() != '.' {
		t.Errorf("got %q, %v", clockText(days[1]), err)
	}
	// A day of 25 hours that is open throughout is whole.
	if days, err := empty.Days(Subject{}, 2026, time.October, berlin); err != nil || days[24].Mark() != '.' || days[24].End.Sub(days[24].Start) != 25*time.Hour {
		t.Errorf("got %+v, %v", days[24], err)
	}
	for _, tc := range []struct {
		year  int
		month time.Month
		zone  string
	}{{1969, 1, "UTC"}, {2200, 1, "UTC"}, {2026, 13, "UTC"}, {2026, 0, "UTC"}, {2026, 1, "Mars/Olympus"}, {2026, 1, ""}} {
		if text, err := cal.Month(Subject{}, tc.year, tc.month, tc.zone); err == nil || text != "" {
			t.Errorf("%+v gave %q", tc, text)
		}
	}
	if _, err := cal.Days(Subject{}, 2026, 13, "UTC"); !errors.Is(err, ErrInstant) {
		t.Errorf("got %v", err)
	}
}
