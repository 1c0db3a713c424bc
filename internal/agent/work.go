package agent

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// status is what an agent does about a release.
type status string

const (
	// waiting: it is this agent's turn as soon as it drives fewer rollouts.
	waiting status = "waiting"
	// driving: a goroutine drives it.
	driving status = "driving"
	// held: somebody else drives it, and the agent watches whether they live.
	held status = "held"
	// resting: it went wrong, and is tried again later.
	resting status = "resting"
)

func statuses() []status { return []status{waiting, driving, held, resting} }

// item is one release with something to drive.
type item struct {
	key    release.Key
	status status
	// at is when what is to be driven was written: the oldest comes first.
	at     time.Time
	urgent bool
	// sure is false where the stream must be read to know whether anything is open.
	sure bool
	// again is true when something came while it was driven.
	again bool
	// hurry is closed when something urgent came while it was driven, in case its turn is
	// still to come; hurried says so.
	hurry   chan struct{}
	hurried bool
	// tries counts what went wrong in a row, and next is when to try again, or to look
	// again at a lease that somebody else holds.
	tries int
	next  time.Time
	// from is who held the lease that has expired, empty where nobody did.
	from string
}

// work is what an agent knows of what is open. It is safe for concurrent use.
type work struct {
	limit int

	mu     sync.Mutex
	items  map[release.Key]*item
	wake   chan struct{}
	ending sync.WaitGroup
}

func newWork(limit int) *work {
	return &work{limit: limit, items: map[release.Key]*item{}, wake: make(chan struct{}, 1)}
}

// add takes in what was found. A release over many targets is driven as a whole: what
// is found of its targets alone is an item of its own only while the whole is none.
func (w *work) add(all []found) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range all {
		it := w.items[f.key]
		switch {
		case it == nil:
			w.items[f.key] = &item{key: f.key, status: waiting, at: f.at, urgent: f.urgent, sure: f.sure}
		case it.status == driving:
			it.again = true
			if f.urgent && !it.hurried {
				it.hurried = true
				close(it.hurry)
			}
		default:
			it.urgent = it.urgent || f.urgent
			if it.status == resting && f.urgent {
				it.status, it.tries = waiting, 0
			}
		}
	}
}

// due returns, in the order in which they should be begun, what may be driven now, and
// marks it as driven.
func (w *work) due(now time.Time) []*item {
	w.mu.Lock()
	defer w.mu.Unlock()
	busy := 0
	var ready []*item
	parted := w.parted()
	for _, it := range w.items {
		switch {
		case it.status == driving:
			busy++
		case it.status == resting && !now.Before(it.next), it.status == waiting:
			if !w.apart(it.key, parted) {
				ready = append(ready, it)
			}
		}
	}
	slices.SortFunc(ready, func(a, b *item) int {
		if a.urgent != b.urgent {
			if a.urgent {
				return -1
			}
			return 1
		}
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key.String(), b.key.String()))
	})
	var out []*item
	for _, it := range ready {
		if busy >= w.limit && !it.urgent {
			it.status = waiting
			continue
		}
		busy++
		it.status, it.hurry, it.hurried = driving, make(chan struct{}), false
		out = append(out, it)
	}
	w.ending.Add(len(out))
	return out
}

// apart reports whether a release must wait for one of its targets that this process
// drives alone, or a target for its release: one lease has one driver here, too.
func (w *work) apart(key release.Key, parted map[release.Key]bool) bool {
	if key.Target != "" {
		return w.items[key.Whole()] != nil
	}
	return parted[key]
}

// parted are the releases of which a target is driven alone.
func (w *work) parted() map[release.Key]bool {
	out := map[release.Key]bool{}
	for key, it := range w.items {
		if key.Target != "" && it.status == driving {
			out[key.Whole()] = true
		}
	}
	return out
}

// done forgets an item, unless something came meanwhile.
func (w *work) done(it *item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if it.again {
		it.again, it.status, it.tries, it.sure, it.from = false, waiting, 0, false, ""
		return
	}
	delete(w.items, it.key)
}

// hold notes that somebody else drives it.
func (w *work) hold(it *item, next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	it.status, it.next, it.tries, it.from, it.again = held, next, 0, "", false
	it.sure = false
}

// rest notes that it went wrong.
func (w *work) rest(it *item, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	it.tries++
	pause := min(time.Second<<min(it.tries-1, 6), time.Minute)
	// Spread by name, so that what failed together is not tried together.
	pause += pause * time.Duration(spread(it.key.String(), 256)) / 1024
	it.status, it.next, it.from = resting, now.Add(pause), ""
	return pause
}

// watched lists the keys that somebody else drives and that are to be looked at.
func (w *work) watched(now time.Time, all bool) []*item {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*item
	for _, it := range w.items {
		if it.status == held && (all || !now.Before(it.next)) {
			out = append(out, it)
		}
	}
	return out
}

// observe takes in what an observer made of a lease: how long until it has expired.
func (w *work) observe(it *item, lease ledger.Lease, left time.Duration, next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if it.status != held {
		return
	}
	it.next = next
	if left == 0 {
		it.status, it.from = waiting, lease.Holder
	}
}

// soonest is when the next held lease may have expired or a rest is over, limit at
// the latest.
func (w *work) soonest(limit time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, it := range w.items {
		if (it.status == held || it.status == resting) && it.next.Before(limit) {
			limit = it.next
		}
	}
	return limit
}

// counts says how many releases there are of each status.
func (w *work) counts() map[status]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[status]int{}
	for _, it := range w.items {
		n[it.status]++
	}
	return n
}

func (w *work) driving() int { return w.counts()[driving] }

// poke makes the loop look again at what may be begun.
func (w *work) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
