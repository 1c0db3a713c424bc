package queue_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/queue"
)

// served lets one after the other have its turn and says in which order.
func served(places map[string]*queue.Place) []string {
	var order []string
	for len(order) < len(places) {
		n := len(order)
		for name, p := range places {
			if p.Has() && !slices.Contains(order, name) {
				order = append(order, name)
				p.Leave()
				break
			}
		}
		if len(order) == n {
			return append(order, "nobody else")
		}
	}
	return order
}

func TestFirstComeFirstServed(t *testing.T) {
	q := queue.New("here", 1)
	places := map[string]*queue.Place{}
	for _, name := range []string{"a", "b", "c", "d"} {
		places[name] = q.Join(queue.Begin)
	}
	if ahead := places["d"].Ahead(); ahead != 2 || places["d"].Where() != "here" {
		t.Errorf("%d are before the last, %s", ahead, places["d"].Where())
	}
	if got := served(places); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("%v", got)
	}
}

// Whoever watches goes before whoever moves, and both before those who are to begin,
// though nobody is kept out for ever.
func TestWhoWatchesGoesFirst(t *testing.T) {
	q := queue.New("here", 1)
	first := q.Join(queue.Begin)
	places := map[string]*queue.Place{"begin": q.Join(queue.Begin), "begin later": q.Join(queue.Begin), "move": q.Join(queue.Move)}
	var want []string
	for n := range 10 {
		name := fmt.Sprint("watch ", n)
		places[name] = q.Join(queue.Watch)
		want = append(want, name)
	}
	if ahead := places["begin"].Ahead(); ahead != 0 {
		t.Errorf("%d are before the first of its line", ahead)
	}
	first.Leave()
	want = slices.Concat(want[:8], []string{"begin", "move"}, want[8:], []string{"begin later"})
	if got := served(places); !slices.Equal(got, want) {
		t.Errorf("%v and not %v", got, want)
	}
}

// A place that is given up lets those behind it move on, and a turn is given back once.
func TestLeaving(t *testing.T) {
	q := queue.New("here", 1)
	a, b, c := q.Join(queue.Begin), q.Join(queue.Begin), q.Join(queue.Begin)
	b.Leave()
	b.Leave()
	if c.Ahead() != 0 || c.Has() {
		t.Errorf("%d are before the last, whose turn has come: %t", c.Ahead(), c.Has())
	}
	a.Leave()
	a.Leave()
	d := q.Join(queue.Watch)
	if !c.Has() || d.Has() || b.Has() {
		t.Errorf("the turn is the third's: %t, the fourth's: %t, the one's that left: %t", c.Has(), d.Has(), b.Has())
	}
	var nobody *queue.Place
	nobody.Leave()
}

// Whoever left in the middle comes back in front of its line.
func TestComingBack(t *testing.T) {
	q := queue.New("here", 1)
	a, b := q.Join(queue.Begin), q.Join(queue.Begin)
	c := q.Join(queue.Begin)
	a.Leave()
	again := a.Rejoin()
	places := map[string]*queue.Place{"b": b, "c": c, "a": again}
	if got := served(places); !slices.Equal(got, []string{"b", "a", "c"}) {
		t.Errorf("%v", got)
	}
}

// No more than there are turns for work at once, and all come to an end.
func TestManyAtOnce(t *testing.T) {
	q := queue.New("here", 4)
	var working, most, done atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			p := q.Join(queue.Line(i % 3))
			defer p.Leave()
			<-p.Ready()
			if n := working.Add(1); n > most.Load() {
				most.Store(n)
			}
			done.Add(1)
			working.Add(-1)
		})
	}
	all.Wait()
	if most.Load() > 4 || done.Load() != 200 {
		t.Errorf("%d worked at once, %d are done", most.Load(), done.Load())
	}
}
