package ledger

import (
	"context"
	"fmt"
	"time"
)

// Seen is a record that somebody outside has seen in the ledger, and remembers: a
// Terraform state. A ledger that was brought back from an older copy lacks it.
type Seen struct {
	Head
	// At is the record's own time.
	At time.Time `json:"at"`
}

// LostError says that the ledger lacks a record that was seen in it.
type LostError struct {
	Seen Seen
	// Last is where the stream ends now. It is Seen's number or more when another
	// record stands in its place.
	Last uint64
}

// Error implements error.
func (e *LostError) Error() string {
	what := fmt.Sprintf("record %s#%d of %s, which was seen before, ", e.Seen.Stream, e.Seen.Seq, e.Seen.At.UTC().Format(time.RFC3339))
	if e.Last < e.Seen.Seq {
		return what + fmt.Sprintf("is not there any more: the stream ends at %d", e.Last)
	}
	return what + "is not there any more: another record stands in its place"
}

// CheckSeen says whether the ledger still has a record that was seen, *LostError when it
// does not. now is where the caller has found the end of that stream; where nothing was
// appended since, nothing is read.
//
// A rebinding after that record was written says that a person knows of the loss, and it
// is none any more. What came back with an older copy is older than what it lacks, so the
// records' own times tell which is which.
func CheckSeen(ctx context.Context, l Ledger, seen Seen, now Head) error {
	if seen.Seq == 0 || seen.Stream != now.Stream || now.Seq == seen.Seq && now.Hash == seen.Hash {
		return nil
	}
	if now.Seq > seen.Seq {
		records, err := l.Read(ctx, seen.Stream, seen.Seq)
		if err != nil || len(records) > 0 && records[0].Hash == seen.Hash {
			return err
		}
	}
	own, err := l.Read(ctx, LedgerStream, 1)
	if err != nil {
		return err
	}
	for _, r := range own {
		if r.Kind == KindRebound && r.At.After(seen.At) {
			return nil
		}
	}
	return &LostError{Seen: seen, Last: now.Seq}
}
