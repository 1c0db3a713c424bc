// Package queue lets so many work at once and keeps the others in order: the calls that
// an API takes in a second go to few who come to an end, instead of to many who all come
// too late.
package queue

import (
	"slices"
	"sync"
)

// atMostInARow is how many who have begun go first before one who is to begin has its
// turn, so that nobody waits for ever.
const atMostInARow = 8

// Queue hands out turns, first come, first served, in two lines: those who have begun
// something go before those who are to begin, for what is under way is watched by nobody
// else. It is safe for concurrent use.
type Queue struct {
	where string

	mu   sync.Mutex
	free int
	// begun and opening are the two lines, the first in front.
	begun, opening []*Place
	// row is how many of the line begun were let in since one who is to begin.
	row int
}

// New makes a queue for what is at where, in words, with so many turns at once.
func New(where string, turns int) *Queue { return &Queue{where: where, free: turns} }

// Place is one's place in a queue, and then one's turn, until one leaves. It is safe for
// concurrent use.
type Place struct {
	queue *Queue
	begun bool
	ready chan struct{}
	left  bool
}

// Join takes a place at the end. It never waits: the turn may have come already. begun
// says that something is under way. Whoever joins must leave.
func (q *Queue) Join(begun bool) *Place {
	p := &Place{queue: q, begun: begun, ready: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.line(begun)
	*line = append(*line, p)
	q.fill()
	return p
}

// Ready is closed when the turn has come.
func (p *Place) Ready() <-chan struct{} { return p.ready }

// Has is whether the turn has come.
func (p *Place) Has() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}

// Ahead is how many are before this one in its line; 0 too for one who has the turn.
func (p *Place) Ahead() int {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	return max(slices.Index(*p.queue.line(p.begun), p), 0)
}

// Where says what the queue is for: "profile default, eu-central-1".
func (p *Place) Where() string { return p.queue.where }

// Leave gives the turn back, or the place up. It may be called again, and by nobody
// (nil).
func (p *Place) Leave() {
	if p == nil {
		return
	}
	q := p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.left {
		return
	}
	p.left = true
	line := q.line(p.begun)
	if i := slices.Index(*line, p); i >= 0 {
		*line = slices.Delete(*line, i, i+1)
		return
	}
	q.free++
	q.fill()
}

func (q *Queue) line(begun bool) *[]*Place {
	if begun {
		return &q.begun
	}
	return &q.opening
}

// fill lets in as many as there is room for.
func (q *Queue) fill() {
	for q.free > 0 && len(q.begun)+len(q.opening) > 0 {
		line := &q.begun
		switch {
		case len(q.opening) == 0:
		case len(q.begun) == 0, q.row >= atMostInARow:
			line = &q.opening
		}
		q.row++
		if line == &q.opening {
			q.row = 0
		}
		close((*line)[0].ready)
		*line = slices.Delete(*line, 0, 1)
		q.free--
	}
}
