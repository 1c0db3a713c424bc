package s3

import (
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// limits say when records leave the head, and when refs do.
type limits struct {
	// records and bytes are how many records a head holds before they are sealed into
	// a part, and of what size together.
	records, bytes int
	// fan is how many parts of one level become one of the next.
	fan int
}

// standard is measured in ADR 0031.
var standard = limits{records: 128, bytes: 256 << 10, fan: 16}

// head is the object of a stream. One that was read or written is never changed:
// grow makes another.
type head struct {
	Format int    `json:"format"`
	Ledger string `json:"ledger"`
	Stream string `json:"stream"`
	// Write is the nonce of the write.
	Write string `json:"write"`
	// Seq and Hash are those of the last record; 0 and ZeroHash where there is none,
	// which is when a lease changed hands before the first append under it.
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
	// Fences are those under which the stream was appended to, by lease, unless the
	// lease has gone since. See move.go.
	Fences map[string]uint64 `json:"fences,omitempty"`
	// Sealed is the mark of a sealing; see seal.go.
	Sealed string `json:"sealed,omitempty"`
	// Parts are what older records are in, in their order.
	Parts []ref `json:"parts,omitempty"`
	// Old is the newest part of level 2, which holds the ids of all records up to it.
	Old *ref `json:"old,omitempty"`
	// Tail holds the newest records, at least the last one.
	Tail []stored `json:"tail,omitempty"`

	// etag is the condition of the next write; empty where the object is not there.
	etag string
	// bytes is what the tail takes.
	bytes int
}

func (l *Ledger) empty(stream string) *head {
	return &head{Format: format, Ledger: l.id, Stream: stream, Hash: ledger.ZeroHash}
}

// check says whether a head that was read is the stream's of this ledger.
func (h *head) check(id, stream string) error {
	corrupt := func(reason string) error {
		return &ledger.CorruptError{Stream: stream, Seq: max(h.Seq, 1), Reason: reason}
	}
	switch {
	case h.Ledger != id:
		return corrupt(fmt.Sprintf("its head belongs to the ledger %.40q", h.Ledger))
	case h.Stream != stream:
		return corrupt(fmt.Sprintf("the head of the stream %.40q stands in its place", h.Stream))
	case h.Seq > 0 && len(h.Tail) == 0:
		return corrupt("gap: its head does not hold it")
	}
	return nil
}

// last is the last record, if there is one.
func (h *head) last() (ledger.Record, bool) {
	if len(h.Tail) == 0 {
		return ledger.Record{}, false
	}
	return h.Tail[len(h.Tail)-1].record(), true
}

// sealed is a part that has to be stored before the head that no longer holds what is
// in it.
type sealed struct {
	ref  ref
	part part
}

// grow is the head with one record more, and the parts to store first: none for most
// appends, one for a few, so that an append has two writes at most. Two parts in one
// append are for a stream of records each so large that it is sealed alone. It asks for
// the ids of the part Old when another takes its place.
func (h *head) grow(r ledger.Record, lim limits, old func(ref) (idSet, error)) (*head, []sealed, error) {
	next := *h
	next.Seq, next.Hash, next.Write = r.Seq, r.Hash, nonce()
	s := pack(r)
	var out []sealed
	if n := len(h.Tail); n > 0 && (n >= lim.records || h.bytes+s.size() > lim.bytes) {
		leaf := h.leaf()
		out = append(out, leaf)
		next.Parts = append(slices.Clip(h.Parts), leaf.ref)
		next.Tail, next.bytes = nil, 0
	}
	next.Tail = append(slices.Clip(next.Tail), s)
	next.bytes += s.size()
	patience := 1
	if len(out) > 0 {
		patience = 2
	}
	if at, n := next.run(lim.fan * patience); n > 0 {
		node := next.fold(at, lim.fan)
		if node.ref.Level == 2 {
			if h.Old != nil {
				before, err := old(*h.Old)
				if err != nil {
					return nil, nil, err
				}
				node.part.IDs = joinIDs(before, node.part.IDs)
			}
			next.Old = &node.ref
		}
		out = append(out, node)
		next.Parts = slices.Concat(next.Parts[:at], []ref{node.ref}, next.Parts[at+lim.fan:])
	}
	return &next, out, nil
}

// leaf is the tail as a part.
func (h *head) leaf() sealed {
	first, last := h.Tail[0], h.Tail[len(h.Tail)-1]
	s := sealed{
		ref:  ref{First: first.Seq, Last: last.Seq, Hash: last.Hash, From: first.At.UnixMicro(), Until: first.At.UnixMicro()},
		part: part{Format: format, Ledger: h.Ledger, Stream: h.Stream, Records: h.Tail},
	}
	kinds := []string{}
	var hashes []uint32
	for _, r := range h.Tail {
		kinds = append(kinds, r.Kind)
		hashes = append(hashes, idHash(r.ID))
		s.ref.From, s.ref.Until = min(s.ref.From, r.At.UnixMicro()), max(s.ref.Until, r.At.UnixMicro())
	}
	s.ref.Kinds, s.ref.IDs = kindsOf(kinds), newIDSet(hashes)
	return s
}

// run finds parts of one level, at least n of them in a row, and returns the place of
// the first.
func (h *head) run(n int) (at, length int) {
	for i := 0; i < len(h.Parts); i += length {
		length = 1
		for i+length < len(h.Parts) && h.Parts[i+length].Level == h.Parts[i].Level {
			length++
		}
		if length >= n {
			return i, length
		}
	}
	return 0, 0
}

// fold is n parts of one level, from the place at on, as one of the next level.
func (h *head) fold(at, n int) sealed {
	below := h.Parts[at : at+n]
	s := sealed{ref: below[0], part: part{Format: format, Ledger: h.Ledger, Stream: h.Stream, Parts: slices.Clone(below)}}
	var (
		kinds [][]string
		ids   []idSet
	)
	for _, b := range below {
		kinds = append(kinds, b.Kinds)
		ids = append(ids, b.IDs)
		s.ref.From, s.ref.Until = min(s.ref.From, b.From), max(s.ref.Until, b.Until)
	}
	s.ref.Level++
	s.ref.Last, s.ref.Hash = below[n-1].Last, below[n-1].Hash
	s.ref.Kinds = kindsOf(kinds...)
	s.ref.IDs = nil
	switch s.ref.Level {
	case 1:
		s.ref.IDs = joinIDs(ids...)
	case 2:
		s.part.IDs = joinIDs(ids...)
	}
	return s
}
