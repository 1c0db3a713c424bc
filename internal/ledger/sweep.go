package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
)

// Sweeper is a Ledger that can say of all its records at once that they are what was
// written, in far less time than reading stream by stream takes. Verify asks it first.
// It never says what is wrong: whatever it is not sure of, Verify looks for by reading.
type Sweeper interface {
	// Sweep looks at every record, and at all that Inspect looks at, once. Swept.Whole
	// says that everything is as it was written, and that each stream in anchored has,
	// at that number, a record of that hash. The error says that it could not look.
	Sweep(ctx context.Context, anchored []Head) (Swept, error)
}

// Swept is what a sweep found.
type Swept struct {
	Whole   bool
	Streams int
	Records uint64
}

// Raw is a record as a store's own columns have it, for checking many of them without
// making a Record of each. The slices are not kept.
type Raw struct {
	Stream, ID, Kind, Actor, Service, Environment, Body []byte
	Seq, Fence                                          uint64
	// At is in microseconds since 1970.
	At int64
	// Prev and Hash are the bytes of the hashes, not their digits.
	Prev, Hash []byte
}

// Chains checks records that come from all streams in any mixture, those of each stream
// in order. It is not safe for concurrent use.
type Chains struct {
	tails   map[string]*tail
	records uint64
	// missing counts the anchored records that have not come yet.
	missing int
	text    []byte
}

// tail is the end of a stream, as far as it has come.
type tail struct {
	seq      uint64
	hash     [sha256.Size]byte
	anchored map[uint64][]byte
}

// NewChains expects the records that anchored names. One of number 0 is nothing to wait
// for.
func NewChains(anchored []Head) *Chains {
	c := &Chains{tails: map[string]*tail{}}
	for _, h := range anchored {
		if h.Seq == 0 {
			continue
		}
		t := c.tail([]byte(h.Stream))
		if t.anchored == nil {
			t.anchored = map[uint64][]byte{}
		}
		hash, err := hex.DecodeString(h.Hash)
		known, again := t.anchored[h.Seq]
		switch {
		case err != nil || again && !bytes.Equal(known, hash):
			c.missing = -1 // No record can be that.
		case !again:
			t.anchored[h.Seq] = hash
			c.missing++
		}
	}
	return c
}

func (c *Chains) tail(stream []byte) *tail {
	t := c.tails[string(stream)]
	if t == nil {
		t = &tail{}
		c.tails[string(stream)] = t
	}
	return t
}

// Add says whether r is whole and the next of its stream.
func (c *Chains) Add(r *Raw) bool {
	t := c.tail(r.Stream)
	if r.Seq != t.seq+1 || !bytes.Equal(r.Prev, t.hash[:]) {
		return false
	}
	c.text = r.appendEncoded(c.text[:0])
	sum := sha256.Sum256(c.text)
	if !bytes.Equal(sum[:], r.Hash) {
		return false
	}
	if want, ok := t.anchored[r.Seq]; ok {
		if !bytes.Equal(want, r.Hash) {
			return false
		}
		c.missing--
	}
	t.seq, t.hash = r.Seq, sum
	c.records++
	return true
}

// Done is what has come, when all has and every Add said yes.
func (c *Chains) Done() Swept {
	s := Swept{Whole: c.missing == 0, Records: c.records}
	for _, t := range c.tails {
		if t.seq > 0 {
			s.Streams++
		}
	}
	return s
}

// appendEncoded is Encode, without a Record.
func (r *Raw) appendEncoded(b []byte) []byte {
	b = appendText(b, Domain)
	b = appendText(b, r.Stream)
	b = appendNumber(b, r.Seq)
	b = appendText(b, r.ID)
	b = appendText(b, r.Kind)
	b = appendLater(b, func(b []byte) []byte { return time.UnixMicro(r.At).UTC().AppendFormat(b, timeFormat) })
	b = appendText(b, r.Actor)
	b = appendText(b, r.Service)
	b = appendText(b, r.Environment)
	b = appendNumber(b, r.Fence)
	b = appendText(b, r.Body)
	return appendLater(b, func(b []byte) []byte { return hex.AppendEncode(b, r.Prev) })
}

func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	return append(b, text...)
}

func appendNumber(b []byte, n uint64) []byte {
	return appendLater(b, func(b []byte) []byte { return strconv.AppendUint(b, n, 10) })
}

// appendLater appends a field whose length shows when it is written.
func appendLater(b []byte, field func([]byte) []byte) []byte {
	at := len(b)
	b = field(append(b, 0, 0, 0, 0, 0, 0, 0, 0))
	binary.BigEndian.PutUint64(b[at:], uint64(len(b)-at-8))
	return b
}
