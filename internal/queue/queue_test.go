package queue_test

import (
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
		places[name] = q.Join(false)
	}
	if ahead := places["d"].Ahead(); ahead != 2 || places["d"].Where() != "here" {
		t.Errorf("%d are before the last, %s", ahead, places["d"].Where())
	}
	if got := served(places); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("%v", got)
	}
}

// Whoever has begun goes before those who are to begin, though these are not kept out for
// ever.
func TestWhoHasBegunGoesFirst(t *testing.T) {
	q := queue.New("here", 1)
	first := q.Join(false)
	places := map[string]*queue.Place{"to begin": q.Join(false)}
	begun := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}
	for _, name := range begun {
		places[name] = q.Join(true)
	}
	if ahead := places["to begin"].Ahead(); ahead != 0 {
		t.Errorf("%d are before the first of its line", ahead)
	}
	first.Leave()
	want := append(append(slices.Clone(begun[:8]), "to begin"), begun[8])
	if got := served(places); !slices.Equal(got, want) {
		t.Errorf("%v and not %v", got, want)
	}
}

// A place that is given up lets those behind it move on, and a turn is given back once.
func TestLeaving(t *testing.T) {
	q := queue.New("here", 1)
	a, b, c := q.Join(false), q.Join(false), q.Join(false)
	b.Leave()
	b.Leave()
	if c.Ahead() != 0 || c.Has() {
		t.Errorf("%d are before the last, whose turn has come: %t", c.Ahead(), c.Has())
	}
	a.Leave()
	a.Leave()
	d := q.Join(true)
	if !c.Has() || d.Has() || b.Has() {
		t.Errorf("the turn is the third's: %t, the fourth's: %t, the one's that left: %t", c.Has(), d.Has(), b.Has())
	}
	var nobody *queue.Place
	nobody.Leave()
}

// No more than there are turns for work at once, and all come to an end.
func TestManyAtOnce(t *testing.T) {
	q := queue.New("here", 4)
	var working, most, done atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			p := q.Join(i%3 == 0)
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
