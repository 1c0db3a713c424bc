package targettest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// judged notes what a test would have failed with.
type judged struct {
	testing.TB
	said []string
}

func (j *judged) Errorf(format string, args ...any) {
	j.said = append(j.said, fmt.Sprintf(format, args...))
}

// greedy asks for so many changes in each verb, of which some take effect.
type greedy struct {
	asks, makes, asked, made int
	// come tells of a call, which waits for going, where it is not nil.
	come, going chan struct{}
}

func (g *greedy) ask() {
	g.asked += g.asks
	g.made += g.makes
}

func (g *greedy) progress() (target.Progress, error) { g.ask(); return target.Progress{}, nil }

func (g *greedy) Capabilities(context.Context) (target.Capabilities, error) {
	return target.Capabilities{}, nil
}
func (g *greedy) Observe(context.Context) (target.Observation, error) {
	g.ask()
	return target.Observation{}, nil
}
func (g *greedy) Preflight(context.Context, artifact.Payload) ([]target.Obstacle, error) {
	g.ask()
	return nil, nil
}
func (g *greedy) Prepare(context.Context, target.PrepareRequest) (target.Progress, error) {
	return g.progress()
}
func (g *greedy) Apply(context.Context, target.ApplyRequest) (target.Progress, error) {
	return g.progress()
}
func (g *greedy) Complete(context.Context, target.WriteRequest) (target.Progress, error) {
	return g.progress()
}
func (g *greedy) Revert(context.Context, target.WriteRequest) (target.Progress, error) {
	if g.come != nil {
		g.come <- struct{}{}
		<-g.going
	}
	return g.progress()
}
func (g *greedy) Finalize(context.Context, target.WriteRequest) (target.Progress, error) {
	return g.progress()
}

// verbs calls each verb once.
func verbs(t *testing.T, d target.Target) {
	t.Helper()
	_, _ = d.Observe(t.Context())
	_, _ = d.Preflight(t.Context(), artifact.Payload{})
	_, _ = d.Prepare(t.Context(), target.PrepareRequest{})
	_, _ = d.Apply(t.Context(), target.ApplyRequest{})
	for _, verb := range []func(context.Context, target.WriteRequest) (target.Progress, error){d.Complete, d.Revert, d.Finalize} {
		_, _ = verb(t.Context(), target.WriteRequest{})
	}
}

// Each verb that asks for more than it may is found, and no other.
func TestEachVerbIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		asks, makes int
		most        map[string]int
		caught      string
	}{
		"nothing":                      {0, 0, nil, ""},
		"one, without effect":          {1, 0, nil, "Observe"},
		"one":                          {1, 1, nil, "Observe Preflight"},
		"two, one of which has effect": {2, 1, nil, "Observe Preflight Prepare Apply Complete Revert Finalize"},
		"two, and a revert may":        {2, 0, map[string]int{"Revert": 2}, "Observe Prepare Apply Complete Finalize"},
	} {
		t.Run(name, func(t *testing.T) {
			j, g := &judged{TB: t}, &greedy{asks: c.asks, makes: c.makes}
			verbs(t, targettest.Count(j, g, targettest.Counts{Asked: func() int { return g.asked }, Made: func() int { return g.made }, Most: c.most}))
			var caught []string
			for _, text := range j.said {
				verb, _, _ := strings.Cut(strings.TrimPrefix(text, `["`), `"`)
				if n := len(caught); n == 0 || caught[n-1] != verb {
					caught = append(caught, verb)
				}
			}
			if got := strings.Join(caught, " "); got != c.caught {
				t.Errorf("caught %q, and it must be %q: %q", got, c.caught, j.said)
			}
		})
	}
}

// Of two calls at the same time the sum is held.
func TestCallsAtTheSameTime(t *testing.T) {
	j, g := &judged{TB: t}, &greedy{come: make(chan struct{}), going: make(chan struct{})}
	d := targettest.Count(j, g, targettest.Counts{Asked: func() int { return g.asked }})
	var calls sync.WaitGroup
	for range 2 {
		calls.Go(func() { _, _ = d.Revert(t.Context(), target.WriteRequest{}) })
		<-g.come
	}
	g.asked = 3
	close(g.going)
	calls.Wait()
	if len(j.said) != 2 || !strings.Contains(j.said[0], "3 changes; at most 2") {
		t.Errorf("%q", j.said)
	}
}

// Every driver that runs the suite counts its requests too, or stands here with the
// reason why nobody can.
func TestEveryDriverIsCounted(t *testing.T) {
	uncounted := map[string]string{
		"sim":     "it is the runtime itself, and asks nobody",
		"haproxy": "a change is one line of commands to a socket of a real HAProxy, which keeps no count of them",
	}
	found, err := filepath.Glob("../*/conformance_test.go")
	if err != nil || len(found) < 5 {
		t.Fatalf("%q, %v", found, err)
	}
	for _, path := range append(found, "../sim/sim_test.go") {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		driver := filepath.Base(filepath.Dir(path))
		if counted := strings.Contains(string(body), "targettest.Count("); counted == (uncounted[driver] != "") {
			t.Errorf("the driver %s is counted: %t, and the reason why not is %q", driver, counted, uncounted[driver])
		}
	}
}
