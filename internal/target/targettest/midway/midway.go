// Package midway holds a driver, with the engine above it, to the truth of the ledger:
// something goes wrong at the runtime in the middle of a rollout, and what the ledger
// says then, and at the end, is what is so.
package midway

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Story is one rollout and what happens to it.
type Story struct {
	Book *mem.Ledger
	// Engine is a driver of rollouts, by name, on a clock that never waits.
	Engine  func(name string) *release.Engine
	Request release.ShipRequest
	// Old is what serves before.
	Old artifact.Payload
	// Live is the share of users that the runtime itself sends to the new artifact, 0 to
	// 100, however that is found out.
	Live func() float64
	// Break lets it go wrong, and is called once some users have the new artifact; whoever
	// fails calls failed for each request that does, and after enough of them the process is
	// stopped, as a pipeline's time is over. Break is called under no lock of the runtime.
	Break func(failed func())
	// Heal is what a person does who follows the remedy. Where somebody else moved what the
	// rollout moves, nobody goes on by himself: Abort lets the person abort it then.
	Heal  func()
	Abort bool
	// Ends is how the rollout must have ended once it is right, empty where any true end will
	// do: what was only away for a while must not take a rollout back.
	Ends release.State
	// Says are parts of what the ledger must say of it: the error, and its remedy.
	Says []string
}

// enough is how many requests fail before the process is stopped: as many as let an engine
// try a few times whatever it tries.
const enough = 20

// Tell plays the story.
func Tell(t *testing.T, s Story) {
	t.Helper()
	key := release.Key{Service: s.Request.Spec.Service, Environment: s.Request.Spec.Environment.Name}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	failures := 0
	s.Break(func() {
		if failures++; failures == enough {
			stop()
		}
	})
	out, err := s.Engine("first").Ship(ctx, s.Request)
	if err == nil || out.Result == release.Shipped {
		t.Fatalf("nothing went wrong: %s, %v", out.Result, err)
	}
	truth(t, s, key, "while it is wrong", err)
	said := told(t, s.Book, key) + err.Error()
	for _, part := range s.Says {
		if !strings.Contains(said, part) {
			t.Errorf("neither the ledger nor the error says %q: %v\n%s", part, err, said)
		}
	}
	s.Heal()
	ctx, stop = context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if s.Abort {
		_, err = s.Engine("person").Abort(ctx, key, release.RequestBody{Reason: "somebody else was at it"})
	} else {
		_, err = s.Engine("second").Ship(ctx, s.Request)
	}
	status := truth(t, s, key, "once it is right", err)
	if status.State != "steady" {
		t.Errorf("once it is right, the rollout is still %s: %v", status.State, err)
	}
	if s.Ends != "" && status.Last.State != s.Ends {
		t.Errorf("once it is right, the rollout ended %s, and must be %s", status.Last.State, s.Ends)
	}
}

// truth compares what the ledger says with what users get.
func truth(t *testing.T, s Story, key release.Key, when string, err error) release.Status {
	t.Helper()
	status, lerr := s.Engine("reader").Describe(t.Context(), key, false)
	if lerr != nil || status.Last == nil {
		t.Fatalf("%s: %+v, %v", when, status, lerr)
	}
	live, last := s.Live(), status.Last
	t.Logf("%s: users have %g %% of the new artifact, and rollout %d is %s (%s): %v", when, live, last.Number, last.State, last.Reason, err)
	if status.State != "steady" {
		if last.State == release.Succeeded {
			t.Errorf("%s: an open rollout has succeeded", when)
		}
		return status
	}
	// What has ended says which of the two serves alone, and it does.
	want := map[bool]float64{true: 100, false: 0}[last.State == release.Succeeded]
	if live != want {
		t.Errorf("%s: the ledger says %s, and %g %% of the users have the new artifact", when, last.State, live)
	}
	if p := status.Payload; last.State != release.Succeeded && p != nil && !p.Same(s.Old) {
		t.Errorf("%s: the ledger says that %s serves", when, p.Label())
	}
	return status
}

// told is all that the ledger says of the release.
func told(t *testing.T, book *mem.Ledger, key release.Key) string {
	t.Helper()
	records, err := book.Handle().Read(t.Context(), key.Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, r := range records {
		if r.Kind == "tick.judged" {
			continue // Its problems stand in the reason, too, when they hold something up.
		}
		out.WriteString(r.Kind + " " + string(r.Body) + "\n")
	}
	return out.String()
}
