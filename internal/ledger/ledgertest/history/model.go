package history

import (
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// world is what a ledger that does one thing at a time holds: the streams and leases
// of one part of the history. A world is never changed.
type world struct {
	streams map[string]*link
	leases  map[string]ledger.Lease
}

// link is the last record of a stream, before it the others.
type link struct {
	record ledger.Record
	before *link
}

func (l *link) seq() uint64 {
	if l == nil {
		return 0
	}
	return l.record.Seq
}

func (l *link) hash() string {
	if l == nil {
		return ledger.ZeroHash
	}
	return l.record.Hash
}

// find returns the record of that id.
func (l *link) find(id string) *ledger.Record {
	for ; l != nil; l = l.before {
		if l.record.ID == id {
			return &l.record
		}
	}
	return nil
}

func (w world) lease(name string) ledger.Lease {
	if l, ok := w.leases[name]; ok {
		return l
	}
	return ledger.Lease{Name: name}
}

// model is the contract of ledger.Ledger as a sequential program.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return world{} },
		Step: func(state, input, output any) (bool, any) {
			// These are what check gives to porcupine, and nothing else.
			w, _ := state.(world)
			c, _ := input.(Call)
			r, _ := output.(*Reply)
			return w.step(c, r)
		},
		Equal: func(a, b any) bool {
			x, _ := a.(world)
			y, _ := b.(world)
			return x.same(y)
		},
		Hash: func(a any) uint64 {
			w, _ := a.(world)
			return w.sum()
		},
	}
}

// step says whether this reply to the call is right now, and what is there afterwards.
// A nil reply is an outcome that nobody knows: it does what it can.
func (w world) step(c Call, r *Reply) (bool, world) {
	if r != nil && r.Kind == Broken {
		return false, w
	}
	if r != nil && r.Kind == Refused {
		return true, w
	}
	switch c.Verb {
	case Append:
		return w.append(c, r)
	case Read:
		return w.read(c, r), w
	case Look:
		return r == nil || r.Kind == OK && r.Lease == w.lease(c.Lease), w
	case Swap:
		return w.swap(c, r)
	}
	return false, w
}

// append is ledger.Ledger's Append. Where two things stand in the way either may be
// said.
func (w world) append(c Call, r *Reply) (bool, world) {
	end := w.streams[c.Stream]
	if there := end.find(c.Entry.ID); there != nil {
		switch same := ledger.Same(*there, *c.Entry); {
		case r == nil:
			return true, w
		case same:
			return r.Kind == OK && r.Seq == there.Seq && r.Hash == there.Hash, w
		}
		return r.Kind == Reused, w
	}
	now := w.lease(c.Entry.Lease)
	conflict := end.seq() != c.After
	fenced := c.Entry.Lease != "" && now.Fence != c.Entry.Fence
	if conflict || fenced {
		return r == nil || conflict && r.Kind == Conflict && r.Last == end.seq() || fenced && r.Kind == Fenced && r.Lease == now, w
	}
	next := ledger.Seal(c.Stream, c.After+1, end.hash(), *c.Entry)
	if r != nil && (r.Kind != OK || r.Seq != next.Seq || r.Hash != next.Hash) {
		return false, w
	}
	streams := maps.Clone(w.streams)
	if streams == nil {
		streams = map[string]*link{}
	}
	streams[c.Stream] = &link{record: next, before: end}
	return true, world{streams: streams, leases: w.leases}
}

// read is ledger.Ledger's Read. What was read is a chain up to its last hash, so that
// hash says it all.
func (w world) read(c Call, r *Reply) bool {
	end := w.streams[c.Stream]
	switch {
	case r == nil:
		return true
	case r.Kind != OK:
		return false
	case end.seq() < c.From:
		return len(r.IDs) == 0
	}
	return r.Seq == end.seq() && r.Hash == end.hash() && uint64(len(r.IDs)) == end.seq()-c.From+1
}

// swap is ledger.Ledger's SwapLease.
func (w world) swap(c Call, r *Reply) (bool, world) {
	now := w.lease(c.Next.Name)
	if now != c.Current {
		return r == nil || r.Kind == Moved && r.Lease == now, w
	}
	if r != nil && r.Kind != OK {
		return false, w
	}
	leases := maps.Clone(w.leases)
	if leases == nil {
		leases = map[string]ledger.Lease{}
	}
	leases[c.Next.Name] = c.Next
	return true, world{streams: w.streams, leases: leases}
}

func (w world) same(o world) bool {
	return maps.Equal(w.leases, o.leases) && maps.EqualFunc(w.streams, o.streams, func(a, b *link) bool {
		return a.hash() == b.hash()
	})
}

// sum is the same for worlds that are the same.
func (w world) sum() uint64 {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(w.streams)) {
		_, _ = h.Write([]byte(w.streams[name].hash())) // It never fails.
	}
	for _, name := range slices.Sorted(maps.Keys(w.leases)) {
		l := w.leases[name]
		_, _ = h.Write([]byte(name + l.Holder))
		_, _ = h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, l.Fence), l.Beat))
	}
	return h.Sum64()
}
