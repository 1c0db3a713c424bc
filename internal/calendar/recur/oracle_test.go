package recur

import (
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
)

// walk lists the instances within [from, to).
func walk(t testing.TB, text string, start, from, to int64) []int64 {
	t.Helper()
	r, err := Parse(text, start, false)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var out []int64
	steps := 100_000
	if err := r.Walk(from, to, &steps, func(w int64) bool { out = append(out, w); return true }); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func TestAgainstBruteForce(t *testing.T) {
	random := rand.New(rand.NewSource(11))
	held := 0
	for range 4000 {
		s := randomSpec(random)
		limit := s.start.AddDate(4, 0, 0)
		want, text := s.brute(limit), s.text()
		got := walk(t, text, s.start.Unix(), 0, limit.Unix())
		if !slices.Equal(got, want) {
			t.Fatalf("%s from %s:\n got %s\nwant %s", text, s.start, dates(got), dates(want))
		}
		// A stretch in the middle is the same, without what came before.
		from := s.start.Unix() + random.Int63n(4*365*Day)
		to := from + random.Int63n(100*Day)
		want = slices.DeleteFunc(want, func(v int64) bool { return v < from || v >= min(to, limit.Unix()) })
		if got := walk(t, text, s.start.Unix(), from, min(to, limit.Unix())); !slices.Equal(got, want) {
			t.Fatalf("%s from %s, in %s:\n got %s\nwant %s", text, s.start, dates([]int64{from, to}), dates(got), dates(want))
		}
		if len(want) > 0 {
			held++
		}
	}
	if held < 500 {
		t.Errorf("only %d rules had instances", held)
	}
}

// The library agrees where it is known to be right, once it is told what it would
// take otherwise from the start.
func TestAgainstLibrary(t *testing.T) {
	random := rand.New(rand.NewSource(12))
	compared := 0
	for range 4000 {
		s := randomSpec(random)
		if s.freq == "WEEKLY" && len(s.setpos) > 0 || len(s.weekNos) > 0 && (s.interval > 1 || len(s.setpos) > 0) {
			continue // It drops the first days of the first week, and has no week-years.
		}
		numbered := func(w nthDay) bool { return w.n != 0 }
		if slices.ContainsFunc(s.weekdays, numbered) && slices.ContainsFunc(s.weekdays, func(w nthDay) bool { return w.n == 0 }) {
			continue // It wants a day to be both.
		}
		limit := s.start.AddDate(4, 0, 0)
		ours := walk(t, s.text(), s.start.Unix(), 0, limit.Unix()-1)
		if len(ours) == 0 {
			continue // It would look until the year 9999.
		}
		noDays := len(s.weekdays)+len(s.monthDays)+len(s.yearDays) == 0
		if len(s.weekNos) > 0 && noDays {
			s.weekdays = []nthDay{{weekday: int(s.start.Weekday())}}
		}
		if s.freq == "YEARLY" && len(s.monthDays) > 0 && len(s.months)+len(s.yearDays)+len(s.weekNos) == 0 {
			if slices.ContainsFunc(s.weekdays, numbered) {
				continue // The month that it is told would change what the number counts in.
			}
			s.months = []int{int(s.start.Month())}
		}
		rule, err := rrule.StrToRRule("DTSTART:" + s.start.Format("20060102T150405Z") + "\nRRULE:" + s.text())
		if err != nil {
			t.Fatal(s.text(), err)
		}
		var theirs []int64
		for _, at := range rule.Between(s.start, limit.Add(-2*time.Second), true) {
			theirs = append(theirs, at.Unix())
		}
		if !slices.Equal(ours, theirs) {
			t.Fatalf("%s from %s:\n got %s\nthe library says %s", s.text(), s.start, dates(ours), dates(theirs))
		}
		compared++
	}
	if compared < 1500 {
		t.Errorf("only %d rules were compared", compared)
	}
}

func dates(walls []int64) []string {
	var out []string
	for _, w := range walls {
		out = append(out, time.Unix(w, 0).UTC().Format("2006-01-02T15:04"))
	}
	return out
}

func FuzzParse(f *testing.F) {
	f.Add("FREQ=YEARLY;BYWEEKNO=-1,53;BYDAY=MO;WKST=SU;INTERVAL=3", int64(1_800_000_000), false, int64(1_900_000_000))
	f.Add("FREQ=MONTHLY;BYDAY=-1FR,2TU;BYSETPOS=-1;UNTIL=20300101T000000Z", int64(1_800_000_000), false, int64(0))
	f.Add("FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1", int64(0), true, int64(0))
	f.Fuzz(func(t *testing.T, text string, start int64, isDay bool, from int64) {
		start = ((start % MaxWall) + MaxWall) % MaxWall
		r, err := Parse(text, start, isDay)
		if err != nil {
			return
		}
		steps, last := 5000, int64(-1)
		_ = r.Walk(from%MaxWall, MaxWall, &steps, func(w int64) bool {
			if w <= last || w < start || w < from%MaxWall || w >= MaxWall {
				t.Errorf("%q gives %d after %d, from %d", text, w, last, start)
			}
			last = w
			return true
		})
		if steps < -1 {
			t.Errorf("%d steps were left", steps)
		}
		_ = r.HoldsStart()
	})
}
