package ledger

import "encoding/hex"

// Standing is what a driver has read of a stream when it judges an entry.
type Standing struct {
	// Last is the stream's last record, nil where it has none.
	Last *Record
	// Seq is the number of the last record.
	Seq uint64
	// There is the record that has the entry's id, nil where none has.
	There *Record
	// Whole says whether the last record is what was written; CheckHash(*Last) if nil.
	Whole func() error
}

// Judge says what stands in the way of an entry that is to go behind the record numbered
// after, in the order that the port states: a repeated append succeeds, as repeated, even
// when stream and lease have moved on since; nothing is built upon a record that is not
// what was written; and behind what is not the last record is *ConflictError. The lease
// is the driver's to look at, last.
func Judge(stream string, after uint64, entry Entry, s Standing) (repeated bool, err error) {
	conflict := &ConflictError{Stream: stream, After: after, Last: s.Seq}
	if s.There != nil {
		if err := CheckHash(*s.There); err != nil {
			return false, err
		}
		if !Same(*s.There, entry) {
			conflict.Reused = true
			return false, conflict
		}
		return true, nil
	}
	switch {
	case s.Whole != nil:
		err = s.Whole()
	case s.Last != nil:
		err = CheckHash(*s.Last)
	}
	if err != nil {
		return false, err
	}
	if s.Seq != after {
		return false, conflict
	}
	return false, nil
}

// HashBytes is a hash that Seal made, as the 32 bytes that a database keeps.
func HashBytes(hash string) []byte {
	b, _ := hex.DecodeString(hash)
	return b
}
