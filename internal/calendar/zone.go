package calendar

import (
	"fmt"
	"math"
	"sort"
	"sync"
	"time"
)

const (
	day = 24 * 60 * 60 // Seconds in a day of the wall calendar.
	// farOffset bounds how far, in seconds, a local time can lie from UTC. Real
	// offsets stay within 16 hours.
	farOffset = 26 * 60 * 60
	minYear   = 1970
	maxYear   = 2199
)

// The instants that can be evaluated, in Unix seconds: those of the years above.
var (
	minInstant = time.Date(minYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	maxInstant = time.Date(maxYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// segment is a stretch of one offset from UTC; it ends where the next begins.
type segment struct {
	start  int64 // Unix seconds, inclusive.
	offset int64 // Seconds east of UTC.
}

// zone is a time zone unrolled into segments over the years that can be
// evaluated, and a margin. Go's time.Date is not used to resolve local times:
// in a gap or a fold its answer differs from zone to zone.
type zone struct {
	loc      *time.Location
	segments []segment
}

// zones keeps what loadZone has unrolled; a zone never changes within a process.
var zones = struct {
	sync.RWMutex
	byName map[string]*zone
}{byName: map[string]*zone{}}

// loadZone returns the zone of a name, or an error for a name that is no IANA name.
func loadZone(name string) (*zone, error) {
	zones.RLock()
	z := zones.byName[name]
	zones.RUnlock()
	if z != nil {
		return z, nil
	}
	if !knownZone(name) {
		return nil, fmt.Errorf("%q is not the name of an IANA time zone", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q cannot be loaded: %w", name, err)
	}
	z = unroll(loc)
	zones.Lock()
	defer zones.Unlock()
	zones.byName[name] = z
	return z, nil
}

// unroll walks the location's transitions. ZoneBounds alone is not enough: far in
// the future it may end a zone with the year, or even before the instant asked for.
func unroll(loc *time.Location) *zone {
	z := &zone{loc: loc}
	offsetAt := func(instant int64) int64 {
		_, offset := time.Unix(instant, 0).In(loc).Zone()
		return int64(offset)
	}
	// The horizon reaches past the last instant that can be asked for.
	limit := maxInstant + int64(Horizon/time.Second) + 7*day
	at := minInstant - 7*day
	offset := offsetAt(at)
	z.segments = []segment{{math.MinInt64, offset}}
	for at < limit {
		_, end := time.Unix(at, 0).In(loc).ZoneBounds()
		if end.IsZero() {
			break
		}
		next := end.Unix()
		if next <= at {
			next = at + day
		}
		if now := offsetAt(next); now != offset {
			steps := sort.Search(int(next-at), func(i int) bool { return offsetAt(at+int64(i)) != offset })
			z.segments = append(z.segments, segment{at + int64(steps), now})
			offset = now
		}
		at = next
	}
	return z
}

// end returns the first instant after segment i.
func (z *zone) end(i int) int64 {
	if i+1 < len(z.segments) {
		return z.segments[i+1].start
	}
	return math.MaxInt64
}

// segmentAt returns the index of the segment that holds the instant.
func (z *zone) segmentAt(instant int64) int {
	return sort.Search(len(z.segments), func(i int) bool { return z.segments[i].start > instant }) - 1
}

// wall returns the local time at an instant, as seconds since 1970-01-01T00:00:00 local.
func (z *zone) wall(instant int64) int64 {
	return instant + z.segments[z.segmentAt(instant)].offset
}

// resolved is what a local time means as instants, in Unix seconds.
type resolved struct {
	// exists is false in a gap.
	exists bool
	// first and last are the instants at which clocks show the time: the same
	// except in a fold. In a gap, first is the moment at which clocks jump over
	// the time, and last is the time read with the offset before the jump.
	first, last int64
}

// resolve finds the instants of a local time, given as for wall.
func (z *zone) resolve(wall int64) resolved {
	var r resolved
	for i := z.segmentAt(wall - farOffset); i < len(z.segments); i++ {
		s := z.segments[i]
		if s.start > wall+farOffset {
			break
		}
		instant := wall - s.offset
		if instant < s.start {
			continue
		}
		if end := z.end(i); instant >= end {
			// This segment ended before its clocks could show the time. If the
			// next one begins later than it, the time lies in the gap between.
			if !r.exists && wall-z.segments[i+1].offset < end {
				r.first, r.last = end, instant
			}
			continue
		}
		if !r.exists {
			r = resolved{exists: true, first: instant}
		}
		r.last = instant
	}
	return r
}

// startOfDay returns the first instant of a day, which is given as days since
// 1970-01-01. It is not midnight where clocks jump over midnight; where the whole
// day is left out it is the start of the next.
func (z *zone) startOfDay(days int64) int64 {
	return z.resolve(days * day).first
}

// time returns an instant in the zone.
func (z *zone) time(instant int64) time.Time {
	return time.Unix(instant, 0).In(z.loc)
}
