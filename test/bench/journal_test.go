package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// happened makes events, one each hundred milliseconds.
func happened(what ...string) []event {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	events := make([]event, len(what))
	for i, w := range what {
		events[i] = event{start.Add(time.Duration(i) * 100 * time.Millisecond), w}
	}
	return events
}

const (
	renewed = callTarget + "PUT /v1/traffic"
	scraped = callSignal + "GET /metrics"
)

func TestCallsAreCountedFromTickToTick(t *testing.T) {
	network, appends := betweenTicks(happened(
		renewed, scraped, tickRecord, // What leads to the first tick is not between two.
		renewed, scraped, tickRecord,
		appended+"step.passed", appended+"effect.intended", renewed, appended+"effect.observed", leased, renewed, scraped, tickRecord,
		renewed, scraped,
	))
	if diff := cmp.Diff([]float64{2, 3}, network); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{1, 4}, appends); diff != "" {
		t.Errorf("appends (-want +got):\n%s", diff)
	}
}

func TestAReactionEndsWhenTheRevertIsAccepted(t *testing.T) {
	events := happened(
		renewed, scraped, tickRecord,
		renewed, scraped, tickRecord, // The verdict.
		appended+"rollout.reverting", appended+"effect.intended", revertAccepted+" failed with 503", revertAccepted,
		appended+"effect.observed", callTarget+"POST /v1/finalize", appended+"rollout.rolled_back",
	)
	crowd := &users{first: events[4].at}
	got, err := (&theatre{users: crowd}).reacted(events)
	if err != nil {
		t.Fatal(err)
	}
	want := reacted{seconds: 0.5, writes: 4, network: 3}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(reacted{})); diff != "" {
		t.Errorf("reaction (-want +got):\n%s", diff)
	}
}

func TestAReactionThatWasNotSeenIsNoFigure(t *testing.T) {
	seen := &users{first: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	for name, test := range map[string]struct {
		users  *users
		events []event
	}{
		"no revert":             {seen, happened(tickRecord, revertAccepted+" failed with 503")},
		"no bad answer":         {&users{}, happened(tickRecord, revertAccepted)},
		"nothing happened ever": {&users{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := (&theatre{users: test.users}).reacted(test.events); err == nil {
				t.Errorf("reacted = %+v without an error", got)
			}
		})
	}
}
