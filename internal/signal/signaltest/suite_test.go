package signaltest

import (
	"context"
	"testing"
	"time"
)

// TestRightSourceHolds runs the suite as a driver does.
func TestRightSourceHolds(t *testing.T) {
	Run(t, Fixture{New: func(*testing.T) World { return newMemory("").world() }})
}

// TestSuiteSeesFaults runs the suite over sources that break the contract in one
// way each, and wants the check that is meant to see it.
func TestSuiteSeesFaults(t *testing.T) {
	faults := map[string]string{
		"loses events":            "each event is counted once",
		"doubles events":          "each event is counted once",
		"remembers in process":    "the same cursor gives the same answer",
		"zero is missing":         "no events is zero",
		"missing is zero":         "no data is missing",
		"leaves arms out":         "no data is missing",
		"complete in future":      "complete through is honest",
		"restart is invented":     "a restart invents and hides nothing",
		"restart is hidden":       "a restart invents and hides nothing",
		"down is zero":            "a store that is down loses nothing",
		"ignores cancel":          "a cancelled context ends it",
		"ignores deadline":        "a deadline ends it",
		"takes any metric":        "an unknown metric is refused",
		"takes any cursor":        "a damaged cursor is refused",
		"one request per query":   "few requests",
		"disorderly metrics":      "metrics are listed and nobody is asked",
		"asks when opened":        "metrics are listed and nobody is asked",
		"threshold from nothing":  "history invents nothing",
		"threshold of the canary": "history invents nothing",
		"shares an answer":        "concurrent callers do not disturb each other",
		"changes the cursor":      "each event is counted once",
		"missing has no reason":   "no data is missing",
		"first answer has counts": "no events is zero",
		"more bad than all":       "each event is counted once",
		"answers unasked":         "each event is counted once",
	}
	for fault, want := range faults {
		t.Run(fault, func(t *testing.T) {
			for _, c := range checks() {
				if c.name != want {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				if found := c.run(ctx, newMemory(fault).world()); len(found) == 0 {
					t.Errorf("the check %q does not see a source that %s", c.name, fault)
				}
				return
			}
			t.Fatalf("there is no check %q", want)
		})
	}
}
