// Package queue lets so many work at once and keeps the others in order: the calls that
// an API takes in a second go to few who come to an end, instead of to many who all come
// too late.
package queue

import (
	"slices"
	"sync"
)

// Line is one of the lines of a queue. Those of the first go before those of the next.
type Line int

// The lines: whoever watches over something that is under way, since nobody else does;
// whoever moves it; and whoever is to begin.
const (
	Watch Line = iota
	Move
	Begin
	lines
)

// atMostBefore is how many may be let in before those of a line behind, one after the
// other, until the first of that line has its turn: nobody waits for ever.
const atMostBefore = 8

// Queue hands out turns, so many at once, in each line first come, first served. It is
// safe for concurrent use.
type Queue struct {
	where string

	mu    sync.Mutex
	free  int
	lines [lines][]*Place
	// before counts, for each line, who were let in before its first since it waits.
	before [lines]int
}

// New makes a queue for what is at where, in words, with so many turns at once.
func New(where string, turns int) *Queue { return &Queue{where: where, free: turns} }

// Place is one's place in a queue, and then one's turn, until one leaves. It is safe for
// concurrent use.
type Place struct {
	queue *Queue
	line  Line
	ready chan struct{}
	left  bool
}

// Join takes a place at the end of a line. It never waits: the turn may have come
// already. Whoever joins must leave.
func (q *Queue) Join(line Line) *Place { return q.join(line, false) }

// Rejoin takes a place again for one who has left, in front of the line: whoever had a turn
// and had to do something else in the middle of it comes back so.
func (p *Place) Rejoin() *Place { return p.queue.join(p.line, true) }

func (q *Queue) join(line Line, front bool) *Place {
	p := &Place{queue: q, line: line, ready: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	at := len(q.lines[line])
	if front {
		at = 0
	}
	q.lines[line] = slices.Insert(q.lines[line], at, p)
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
	return max(slices.Index(p.queue.lines[p.line], p), 0)
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
	if i := slices.Index(q.lines[p.line], p); i >= 0 {
		q.lines[p.line] = slices.Delete(q.lines[p.line], i, i+1)
		return
	}
	q.free++
	q.fill()
}

// fill lets in as many as there is room for.
func (q *Queue) fill() {
	for q.free > 0 {
		next := q.next()
		if next == lines {
			return
		}
		close(q.lines[next][0].ready)
		q.lines[next] = slices.Delete(q.lines[next], 0, 1)
		q.free--
	}
}

// next chooses the line whose first is let in, lines where nobody waits.
func (q *Queue) next() Line {
	next := lines
	for line := lines - 1; line >= 0; line-- {
		if len(q.lines[line]) > 0 && (next == lines || q.before[next] < atMostBefore) {
			next = line
		}
	}
	for line := range lines {
		q.before[line]++
		if line == next || len(q.lines[line]) == 0 {
			q.before[line] = 0
		}
	}
	return next
}
