package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Domain is the first field of every canonical encoding. It keeps a record's
// hash apart from the hash of anything else, and names the format.
const Domain = "sluice-record/v1"

// ZeroHash is Prev of a stream's first record.
const ZeroHash = "0000000000000000000000000000000000000000000000000000000000000000"

// timeFormat is RFC 3339 in UTC with exactly six decimals, so that an instant
// has one text only.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// Encode returns the canonical encoding of r, which docs/adr/0020 states: each
// field as its length in eight bytes, big endian, and then its bytes. The hash
// itself is not part of it.
func Encode(r Record) []byte {
	fields := [...]string{
		Domain,
		r.Stream,
		strconv.FormatUint(r.Seq, 10),
		r.ID,
		r.Kind,
		Instant(r.At).Format(timeFormat),
		r.Actor,
		r.Service,
		r.Environment,
		strconv.FormatUint(r.Fence, 10),
		string(r.Body),
		r.Prev,
	}
	size := 0
	for _, f := range fields {
		size += 8 + len(f)
	}
	out := make([]byte, 0, size)
	for _, f := range fields {
		out = binary.BigEndian.AppendUint64(out, uint64(len(f)))
		out = append(out, f...)
	}
	return out
}

// HashOf returns the SHA-256 of r's canonical encoding in lower-case hexadecimal.
func HashOf(r Record) string {
	sum := sha256.Sum256(Encode(r))
	return hex.EncodeToString(sum[:])
}

// Instant brings t to what a ledger keeps: UTC, whole microseconds, no monotonic
// reading. Digits below the microsecond are cut off, not rounded.
func Instant(t time.Time) time.Time {
	return t.UTC().Truncate(time.Microsecond)
}

// Seal puts e in its place: number seq of the stream, behind the record whose
// hash is prev (ZeroHash for the first). Drivers call it after Entry.Validate.
func Seal(stream string, seq uint64, prev string, e Entry) Record {
	r := Record{
		Stream:      stream,
		Seq:         seq,
		ID:          e.ID,
		Kind:        e.Kind,
		At:          Instant(e.At),
		Actor:       e.Actor,
		Service:     e.Service,
		Environment: e.Environment,
		Fence:       e.Fence,
		Body:        e.Body,
		Prev:        prev,
	}
	r.Hash = HashOf(r)
	return r
}

// Same says whether r is what appending e would have written, wherever it
// stands. It is the test for a repeated append.
func Same(r Record, e Entry) bool {
	again := Seal(r.Stream, r.Seq, r.Prev, e)
	return again.Hash == HashOf(r)
}

// CheckHash says whether r's own hash is right, without looking at its
// neighbours. A wrong one is *CorruptError.
func CheckHash(r Record) error {
	if got := HashOf(r); got != r.Hash {
		return &CorruptError{Stream: r.Stream, Seq: r.Seq, Reason: fmt.Sprintf("wrong hash: its content gives %s, the record says %s", short(got), short(r.Hash))}
	}
	return nil
}

// Check says whether r is whole and stands behind prev, which is nil when r is
// to be the first record of its stream. What is wrong is *CorruptError, and its
// Reason begins with "gap", "fork" or "wrong hash". After a gap the record named
// is the first that is missing.
func Check(prev *Record, r Record) error {
	want, link := uint64(1), ZeroHash
	if prev != nil {
		want, link = prev.Seq+1, prev.Hash
		if r.Stream != prev.Stream {
			return &CorruptError{Stream: prev.Stream, Seq: want, Reason: fmt.Sprintf("fork: a record of the stream %q stands in its place", r.Stream)}
		}
	}
	switch {
	case r.Seq > want:
		return &CorruptError{Stream: r.Stream, Seq: want, Reason: fmt.Sprintf("gap: record %d comes next", r.Seq)}
	case r.Seq < want:
		return &CorruptError{Stream: r.Stream, Seq: r.Seq, Reason: fmt.Sprintf("fork: it comes again where record %d was due", want)}
	}
	if err := CheckHash(r); err != nil {
		return err
	}
	if r.Prev != link {
		return &CorruptError{Stream: r.Stream, Seq: r.Seq, Reason: fmt.Sprintf("fork: it follows a record with hash %s, but the one before it has %s", short(r.Prev), short(link))}
	}
	return nil
}

// short cuts a hash down to what a person compares.
func short(hash string) string {
	if len(hash) > 12 {
		hash = hash[:12]
	}
	return strings.ToValidUTF8(hash, "?")
}

// Ceil is Instant for the bounds of a query: it goes up to the next microsecond
// unless t is a whole one, so that comparing kept instants with the result is
// comparing them with t.
func Ceil(t time.Time) time.Time {
	if cut := Instant(t); cut.Equal(t) {
		return cut
	}
	return Instant(t).Add(time.Microsecond)
}

// LeaseHash covers all of a lease, in the manner of the records' encoding. A lease
// is in no chain, so drivers keep this beside it and compare when they read.
func LeaseHash(l Lease) []byte {
	var b []byte
	for _, text := range []string{"sluice-lease/v1", l.Name, l.Holder} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
		b = append(b, text...)
	}
	for _, n := range []uint64{l.Fence, l.Beat, uint64(l.TTL)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}
