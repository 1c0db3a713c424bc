package calendar

import (
	"encoding/json"
	"math/rand"
	"testing"
	"time"
)

// Walking from transition to transition, the state just before, at and after each
// one, and between two, is the one that the transitions say.
func TestTransitionsAreConsistent(t *testing.T) {
	random := rand.New(rand.NewSource(3))
	zones := []string{"America/New_York", berlin, "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "UTC"}
	for trial := range 150 {
		var windows []Window
		for i := range 1 + random.Intn(4) {
			w := randomWeekly(random, []Kind{Allow, Freeze}[random.Intn(2)], zones[random.Intn(len(zones))], i)
			w.Absolute = []Span{{"2027-03-20", "2027-04-02"}}
			windows = append(windows, w)
		}
		cal, err := New(windows)
		if err != nil {
			t.Fatal(err)
		}
		now := at(t, "2027-01-01T00:00:00Z").Add(time.Duration(random.Int63n(int64(300 * 24 * time.Hour))))
		for range 15 {
			if now = walk(t, cal, random, now, windows, trial); now.IsZero() {
				break
			}
		}
	}
}

// walk checks one stretch and returns its end.
func walk(t *testing.T, cal *Calendar, random *rand.Rand, now time.Time, windows []Window, trial int) time.Time {
	t.Helper()
	state, err := cal.State(Subject{}, now)
	if err != nil {
		t.Fatal(err)
	}
	open := func(instant time.Time) bool {
		s, err := cal.State(Subject{}, instant)
		if err != nil || !s.Known {
			t.Fatal(err)
		}
		return s.Open
	}
	next, err := NextTransition(windows, Subject{}, now)
	if err != nil || !next.Equal(state.Until) {
		t.Fatalf("trial %d: next transition is %s, %v, until is %s", trial, next, err, state.Until)
	}
	if next.IsZero() {
		return next
	}
	between := now.Add(time.Duration(random.Int63n(int64(next.Sub(now)))))
	if !next.After(now) || open(between) != state.Open || open(next.Add(-1)) != state.Open || open(next) == state.Open {
		t.Fatalf("trial %d: at %s state is %+v, which does not hold until then, for %+v", trial, now, state, windows)
	}
	slot, err := cal.NextOpen(Subject{}, now)
	want := next
	if state.Open {
		want = now
	}
	if err != nil || !slot.Equal(want) {
		t.Fatalf("trial %d: next open is %s, %v, want %s", trial, slot, err, want)
	}
	return next
}

// Adding a freeze never opens anything, and taking one away never closes.
func TestFreezeOnlyCloses(t *testing.T) {
	random := rand.New(rand.NewSource(5))
	for range 200 {
		windows := []Window{randomWeekly(random, []Kind{Allow, Freeze}[random.Intn(2)], berlin, 0), randomWeekly(random, Freeze, "UTC", 1)}
		instant := at(t, "2027-03-20T00:00:00Z").Add(time.Duration(random.Int63n(int64(14 * 24 * time.Hour))))
		without, err := Evaluate(windows[:1], Subject{}, instant)
		with, err2 := Evaluate(windows, Subject{}, instant)
		if err != nil || err2 != nil || with.Open && !without.Open {
			t.Fatalf("%+v, %v; with the freeze %+v, %v", without, err, with, err2)
		}
	}
}

// FuzzDecode feeds any text and any instant: no panic, never open and unknown,
// never open without validating, and the same answer each time.
func FuzzDecode(f *testing.F) {
	for _, w := range []Window{full(), weekly(Allow, "a", "Australia/Lord_Howe", "sun", "01:45", "02:15"), {}, absolute(Freeze, "b", "UTC", "2026-02-30", "x")} {
		data, err := json.Marshal(w)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, int64(1_800_000_000))
	}
	f.Add([]byte(`{"name":"\ud800","weekly":[{}],"scope":{"labels":{"":""}}}`), int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, instant int64) {
		var w Window
		_ = json.Unmarshal(data, &w) // What did not fit stays zero, and is evaluated all the same.
		fields := w.Validate()
		for _, field := range fields {
			if field.Msg == "" {
				t.Errorf("%q has no message", field.Path)
			}
		}
		if _, err := Decode(data); err == nil && len(fields) > 0 {
			t.Errorf("decoded although invalid: %v", fields)
		}
		when := time.Unix(instant, 0)
		state, err := StateOf(w, when)
		again, _ := StateOf(w, when)
		if (err == nil) != state.Known || state.Open && !state.Known || len(fields) > 0 && state.Known {
			t.Errorf("state %+v, %v, with %v", state, err, fields)
		}
		if state.Reason == "" || state.Open != again.Open || !state.Until.Equal(again.Until) {
			t.Errorf("state %+v, then %+v", state, again)
		}
		if !state.Until.IsZero() && !state.Until.After(when) {
			t.Errorf("the state at %s ends at %s", when, state.Until)
		}
	})
}
