package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The ways in which a metric store goes wrong.

func storeDown(w http.ResponseWriter, _ string) { http.Error(w, "no", http.StatusServiceUnavailable) }

func storeEmpty(http.ResponseWriter, string) {}

// storeSamples gives each sample line of a counter of requests another value.
func storeSamples(value func(series string, v float64) string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, page string) {
		for line := range strings.Lines(page) {
			series, number, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			v, err := strconv.ParseFloat(number, 64)
			if err == nil && strings.HasPrefix(series, "lab_request") {
				line = series + " " + value(series, v) + "\n"
			}
			_, _ = fmt.Fprint(w, line) // A reader that has gone needs no answer.
		}
	}
}

// storeNaN says that the canary's counters are not numbers.
func storeNaN() func(http.ResponseWriter, string) {
	return storeSamples(func(series string, v float64) string {
		if strings.HasPrefix(series, "lab_requests_total") && strings.Contains(series, `arm="canary"`) {
			return "NaN"
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	})
}

// storeReset counts from zero again, from the first page on.
func storeReset() func(http.ResponseWriter, string) {
	first := map[string]float64{}
	return storeSamples(func(series string, v float64) string {
		if _, seen := first[series]; !seen {
			first[series] = v
		}
		return strconv.FormatFloat(v-first[series], 'g', -1, 64)
	})
}

// TestAMetricStoreThatFailsBeforeTheFirstStep wants no user to be sent to what
// cannot be judged.
func TestAMetricStoreThatFailsBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		act  func(http.ResponseWriter, string)
		says string
	}{
		{"down", storeDown, "503 Service Unavailable"},
		{"empty", storeEmpty, "no metrics at all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.store.act(c.act)
			out, err := s.ship()
			if out.Result != release.Broke {
				t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
			}
			t.Log(explained(err, s.wish))
			says(t, explained(err, s.wish), "errored", "before any traffic moved", "the signals could not be read before the first step", s.store.url, c.says,
				"What serves now 1.0.0 at 100 %", "this says nothing about the artifact")
			s.serves(s.old)
		})
	}
}

// TestAMetricStoreThatFailsInARollout wants the rollout to pause for it and to
// say why, and to go on when the store is back.
func TestAMetricStoreThatFailsInARollout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		act  func(http.ResponseWriter, string)
		says []string
	}{
		{"down", storeDown, []string{`the signal "http" could not be read`, "503 Service Unavailable"}},
		{"empty", storeEmpty, []string{`the signal "http" could not be read`, "no metrics at all"}},
		{"NaN", storeNaN(), []string{`the signal "http" could not count errors on the canary: a counter of lab_requests_total says NaN, which is no count`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			ctx, stop := interruptible(t)
			s.at(release.KindOutcome, canary, func() { s.store.act(c.act) })
			s.at("rollout.paused", "", stop)
			out, err := s.engine.Ship(ctx, release.ShipRequest{Spec: s.spec, Owner: owner})
			if out.Result != release.Underway {
				t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
			}
			t.Log(explained(err, s.wish))
			says(t, explained(err, s.wish), append(c.says, "stopped at 25 % (paused, step 1 of 3)", "What serves now 1.0.0 at 75 %, 1.1.0 at 25 %")...)
			s.stands(25)
			s.store.act(nil)
			if out, err := s.ship(); err != nil || out.Result != release.Shipped {
				t.Fatalf("the next run: %s, %v", out.Result, err)
			}
			s.serves(s.wish)
		})
	}
}

// TestCountersThatAreReset wants neither a verdict that they invent nor one that
// they hide.
func TestCountersThatAreReset(t *testing.T) {
	t.Parallel()
	t.Run("a good artifact", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.at(release.KindTick, `"verdict"`, func() { s.store.act(storeReset()) })
		out, err := s.ship()
		if err != nil || out.Result != release.Shipped {
			t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
		}
		s.serves(s.wish)
	})
	t.Run("a bad artifact", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.worse()
		s.at(release.KindOutcome, canary, func() { s.store.act(storeReset()) })
		out, err := s.ship()
		if out.Result != release.WentBack {
			t.Fatalf("%s, %v\n%s", out.Result, err, s.way())
		}
		says(t, explained(err, s.wish), "rolled back", "evidence for harm", "What serves now 1.0.0 at 100 %")
		s.serves(s.old)
	})
}
