package release_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// wavesStory is a release over many targets whose end is known.
type wavesStory struct {
	name   string
	waves  release.Waves
	sick   []string
	abort  bool
	result release.State
	serves artifact.Payload
	but    []string
}

var wavesStories = []wavesStory{
	{name: "to success", waves: release.Waves{Sizes: []int{1, 2}, Soak: field.Duration(10 * time.Second)}, result: release.Succeeded, serves: good},
	{name: "within the budget", waves: release.Waves{Sizes: []int{3}, FailureBudget: 1}, sick: []string{"cell-2"}, result: release.Errored, serves: good, but: []string{"cell-2"}},
	{name: "to rollback", waves: release.Waves{Sizes: []int{2}}, sick: []string{"cell-3"}, result: release.RolledBack, serves: old},
	{name: "to abort", waves: release.Waves{Sizes: []int{1, 2}}, abort: true, result: release.Aborted, serves: old},
}

// killer kills a process at the n-th append to the stream of the whole release,
// before or after it, or at the n-th append of all: from then on none of its calls
// reaches anything.
type killer struct {
	mu       sync.Mutex
	at, seen int
	dead     bool
	cancel   context.CancelFunc
}

func (k *killer) fault(op, phase string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return errKilled
	}
	if op != "append" {
		return nil
	}
	if k.seen++; k.seen == k.at {
		k.dead = true
		k.cancel()
		return errKilled
	}
	return nil
}

func TestWavesEveryCrashPointLeadsToTheSameEnd(t *testing.T) {
	for _, s := range wavesStories {
		t.Run(s.name, func(t *testing.T) {
			points := 0
			for n := 1; ; n++ {
				died := false
				inFleet(t, 3, func(t *testing.T, f *fleet) { died = s.play(t, f, n) })
				if t.Failed() {
					t.Fatalf("killed at moment %d", n)
				}
				if !died {
					points = n - 1
					break
				}
			}
			if points < 100 {
				t.Errorf("only %d moments were tried", points)
			}
			t.Logf("%d moments", points)
		})
	}
}

// play kills the first driver at a moment, lets the next one go on, and checks the
// end. It says whether the first one died at all.
func (s wavesStory) play(t *testing.T, f *fleet, n int) bool {
	for _, name := range s.sick {
		f.sick[name] = good
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := &killer{at: n, cancel: cancel}
	over := make(chan struct{})
	if s.abort {
		go func() {
			defer close(over)
			f.until("two are under way", func() bool { return len(f.story(release.KindTargetStarted)) >= 2 })
			if err := f.engine("kim", nil).RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
				t.Error(err)
			}
		}()
	} else {
		close(over)
	}
	_, err := f.engine("first", k.fault).Ship(ctx, f.request(good, s.waves))
	if k.dead {
		e := f.engine("second", nil)
		h, lost := e.Load(t.Context(), key)
		if errors.Is(lost, release.ErrUnknown) || lost == nil && len(h.Rollouts) == 0 {
			_, err = e.Ship(t.Context(), f.request(good, s.waves))
		} else if lost == nil && h.Open() != nil {
			_, err = e.Continue(t.Context(), key)
		} else {
			err = lost
		}
	}
	<-over
	var ended *release.EndedError
	if err != nil && !errors.As(err, &ended) {
		t.Errorf("the last run: %v", err)
	}
	f.wantServing(s.serves, s.but...)
	h := f.history()
	if len(h.Rollouts) != 1 || h.Last().State != s.result {
		t.Errorf("%d rollouts, the last one %s: %s", len(h.Rollouts), h.Last().State, h.Last().Reason)
	}
	for _, name := range f.names {
		part, err := release.Fold(key.Part(name), f.records(key.Part(name)))
		if err != nil || part.Open() != nil || len(part.Rollouts) > 2 {
			t.Errorf("%s: %v, %d rollouts, open %v", name, err, len(part.Rollouts), part.Open())
		}
	}
	return k.dead
}

// DecideWaves is pure: at each point of a rollout's life the same arguments give
// the same decision and come back as they were, and what goes back begins nothing.
func TestDecideWavesIsPure(t *testing.T) {
	for _, s := range wavesStories {
		inFleet(t, 3, func(t *testing.T, f *fleet) {
			s.play(t, f, 0)
			records := f.records(key)
			for n := 1; n <= len(records); n++ {
				fold := func() *release.History {
					h, err := release.Fold(key, records[:n])
					if err != nil {
						t.Fatal(err)
					}
					return h
				}
				if fold().Open() == nil {
					continue
				}
				views := []map[string]release.PartSeen{
					nil, {"cell-1": {Job: release.JobShip, Since: clock.System{}.Now()}}, {"cell-2": {Retry: clock.System{}.Now().Add(time.Hour)}},
				}
				for _, seen := range views {
					h, now := fold(), records[n-1].At.Add(time.Minute)
					first := release.DecideWaves(h, seen, now)
					if diff := cmp.Diff(first, release.DecideWaves(h, seen, now)); diff != "" {
						t.Fatalf("record %d: two decisions:\n%s", n, diff)
					}
					if !reflect.DeepEqual(h, fold()) {
						t.Fatalf("record %d: %s changed what it looked at", n, first.Action)
					}
					if h.Open().State.GoingBack() && first.Action == release.WaveShip {
						t.Fatalf("record %d: a target is begun in the state %s", n, h.Open().State)
					}
					if first.Action == release.WaveWait && !first.Until.After(now) {
						t.Fatalf("record %d: it waits until %s, which is past", n, first.Until)
					}
				}
			}
		})
	}
}

// TestWavesTwoHundredTargetsAtOnce is one process that drives all of them.
func TestWavesTwoHundredTargetsAtOnce(t *testing.T) {
	inFleet(t, 200, func(t *testing.T, f *fleet) {
		began := clock.System{}.Now()
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{Sizes: []int{200}, MaxParallel: 200}))
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(good)
		if took := (clock.System{}).Now().Sub(began); took > 2*time.Minute {
			t.Errorf("it took %s, and one target takes about one minute", took)
		}
		heads, err := f.ledger.Heads(t.Context(), "checkpoint")
		if err != nil || len(heads) != 1 || heads[0].Seq != 1 {
			t.Error(fmt.Errorf("%d checkpoints, %w; one anchors all", len(heads), err))
		}
	})
}
