package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// KindMoved is the kind of the record behind all that a ledger's copy took over.
const KindMoved = "ledger.moved"

// KindUnsealed is the kind of the record which says that a copy was given up.
const KindUnsealed = "ledger.unsealed"

// Moved is the body of a record of KindMoved. It stands at the destination alone, so
// whoever compares the two ledgers finds this one record more there.
type Moved struct {
	// From and To are places, without anything secret.
	From string `json:"from"`
	To   string `json:"to"`
	// Mark is the sealing's.
	Mark string `json:"mark"`
	// Streams and Records count what was copied and verified.
	Streams int    `json:"streams"`
	Records uint64 `json:"records"`
}

// Unsealed is the body of a record of KindUnsealed.
type Unsealed struct {
	// To is where the ledger was to go.
	To     string `json:"to"`
	Mark   string `json:"mark"`
	Reason string `json:"reason"`
}

// ErrUnfinished: what is there is a copy that has not come to its end. Nobody reads
// or writes it but the copying itself.
var ErrUnfinished = errors.New("this is an unfinished copy of a ledger")

// Sealing closes a ledger to appends, since it is moved elsewhere.
type Sealing struct {
	// To is the place of the copy, without anything secret.
	To string `json:"to"`
	// By and At are of whoever sealed it.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Mark tells this sealing from any other of the same ledger.
	Mark string `json:"mark"`
	// Finishing is true from just before the copy is made a ledger: from then on it may
	// be one, and the seal is taken away only where it is known that it is none.
	Finishing bool `json:"finishing,omitempty"`
	// Done is true once the copy is whole and in use.
	Done bool `json:"done,omitempty"`
}

// Named says behind the place that it is no whole URL, with an example of one; empty for
// a file, whose place is. It begins with a comma.
func (s Sealing) Named() string {
	example, more := "", ""
	switch {
	case strings.HasPrefix(s.To, "s3:"):
		example, more = s.To+"?region=eu-central-1", "region, endpoint and other parameters"
	case strings.HasPrefix(s.To, "postgres:///"):
		example, more = strings.Replace(s.To, "///", "//ci@/", 1), "user and parameters"
	case strings.HasPrefix(s.To, "postgres://"):
		example, more = strings.Replace(s.To, "//", "//ci@", 1), "user and parameters"
	default:
		return ""
	}
	return fmt.Sprintf(", with your own %s, which are left out here, for example %s", more, example)
}

// ErrUnsealed: the ledger was opened again meanwhile, so its copy must not become one.
var ErrUnsealed = errors.New("the ledger was unsealed meanwhile")

// After is what a ledger's seal is once it is sealed with s, where now is the seal that
// it has, nil for none: a driver writes it in the same transaction, or under the
// condition that now is still there. What is finishing or done stays so, and only what
// is sealed with this mark can become so: that, and Sealing.Opens, is how an unseal
// and the end of a copy never both come to pass.
func (s Sealing) After(now *Sealing) (Sealing, error) {
	switch {
	case now == nil && (s.Finishing || s.Done):
		return s, ErrUnsealed
	case now == nil:
		return s, nil
	case now.Mark != s.Mark:
		return s, &SealedError{Sealing: *now}
	}
	s.Finishing, s.Done = s.Finishing || now.Finishing, s.Done || now.Done
	return s, nil
}

// Opens says whether s, the seal as somebody saw it, may be taken away where now is the
// seal: it is *SealedError where that is another one, or has come further since.
func (s Sealing) Opens(now *Sealing) error {
	if now != nil && (now.Mark != s.Mark || now.Finishing != s.Finishing || now.Done != s.Done) {
		return &SealedError{Sealing: *now}
	}
	return nil
}

// SealedError says that a ledger takes no more records.
type SealedError struct {
	Sealing Sealing
}

// Error implements error.
func (e *SealedError) Error() string {
	if e.Sealing.Done {
		return fmt.Sprintf("the ledger has moved to %s (%s, %s) and takes no more records; name that one, in the provider block's ledger, SLUICE_LEDGER or --ledger%s",
			e.Sealing.To, e.Sealing.By, e.Sealing.At.UTC().Format(time.RFC3339), e.Sealing.Named())
	}
	return fmt.Sprintf("the ledger is being moved to %s (%s, %s) and takes no more records; when sluice ledger copy has ended there, name that one%s; a copy that was cut short goes on when it is run again, or is given up by sluice ledger unseal",
		e.Sealing.To, e.Sealing.By, e.Sealing.At.UTC().Format(time.RFC3339), e.Sealing.Named())
}

// SealingOf returns what closed a ledger; nil while it is open, and for one that cannot be
// moved.
func SealingOf(ctx context.Context, l Ledger) (*Sealing, error) {
	movable, ok := As[interface {
		Sealing(ctx context.Context) (*Sealing, error)
	}](l)
	if !ok {
		return nil, nil //nolint:nilnil // Nothing closed it.
	}
	return movable.Sealing(ctx)
}

// StillHere is *SealedError where a ledger has moved for good: it can be read, and what
// came since is in another place. One that is only being moved is still here.
func StillHere(ctx context.Context, l Ledger) error {
	s, err := SealingOf(ctx, l)
	if err == nil && s != nil && s.Done {
		err = &SealedError{Sealing: *s}
	}
	return err
}

// Source is a Ledger that can be moved elsewhere.
type Source interface {
	Ledger
	LeaseReader

	// SealOff closes the ledger to appends: every append that was acknowledged is in
	// it when SealOff returns, and every later one fails with *SealedError, having
	// changed nothing, whichever process or version makes it. An append that is
	// repeated is still found. Reads go on, and so do leases: a driver that goes back
	// needs its lease and not the record (ADR 0010).
	//
	// Sealing it again with the same Mark is for setting Finishing or Done, and for
	// finishing a SealOff that was cut short; with another Mark it is *SealedError. A
	// ledger that is open is ErrUnsealed where Finishing or Done is to be set.
	SealOff(ctx context.Context, s Sealing) error

	// MaySeal says whether whoever opened the ledger may seal it, without changing
	// anything. What is missing wraps ErrReadOnly.
	MaySeal(ctx context.Context) error

	// Sealing returns what closed the ledger; nil while it is open.
	Sealing(ctx context.Context) (*Sealing, error)

	// Unseal opens it again, if its seal is still the one that was seen, and is
	// *SealedError if it is another or has come further. One that is open stays so.
	Unseal(ctx context.Context, seen Sealing) error
}

// Destination is a Ledger that can be a copy of another. While it is unfinished its
// handle takes appends and leases like any other, but nobody else opens it: a driver
// gives ErrUnfinished to all who do not ask for the copy.
type Destination interface {
	Ledger

	// Unfinished says whether this handle is on an unfinished copy.
	Unfinished() bool

	// Import appends records of one stream as they are, hash and all, behind what the
	// stream holds. They are whole and follow each other, or it is *CorruptError;
	// those that are there already are passed over, if they are the same. A record
	// where another stands is *ConflictError. It is durable when it returns.
	Import(ctx context.Context, records []Record) error

	// Finish makes the copy a ledger, at one stroke. Finishing one that is finished
	// changes nothing.
	Finish(ctx context.Context) error
}

// Follow says which of the records that are to be imported into a stream are new
// behind last, its last record, nil where it is empty. It is for drivers.
func Follow(last *Record, records []Record) ([]Record, error) {
	for len(records) > 0 && last != nil && records[0].Seq <= last.Seq {
		if r := records[0]; r.Seq == last.Seq && r.Hash != last.Hash {
			return nil, &ConflictError{Stream: r.Stream, After: r.Seq - 1, Last: last.Seq}
		}
		records = records[1:]
	}
	prev := last
	for i := range records {
		if err := Check(prev, records[i]); err != nil {
			return nil, err
		}
		prev = &records[i]
	}
	return records, nil
}
