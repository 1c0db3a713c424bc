package ledger

import (
	"errors"
	"fmt"
)

// The sentinels. Drivers wrap them with what they know.
var (
	// ErrMissing: there is no ledger at the place named.
	ErrMissing = errors.New("the ledger does not exist")
	// ErrReadOnly: the ledger can be read but not written.
	ErrReadOnly = errors.New("the ledger is read-only")
	// ErrFull: the store has no room.
	ErrFull = errors.New("the ledger's store is full")
	// ErrBusy: others held the ledger for longer than the call may wait.
	ErrBusy = errors.New("the ledger is locked by others")
	// ErrNotFound: the object asked for is not there.
	ErrNotFound = errors.New("not found")
	// ErrOtherLedger: this is not the ledger that was expected.
	ErrOtherLedger = errors.New("this is another ledger")
	// ErrNewer: a newer Sluice wrote the ledger, in a form this one does not know.
	ErrNewer = errors.New("the ledger was written by a newer version of Sluice")
	// ErrForeign: what is there is a store, but not a ledger of ours.
	ErrForeign = errors.New("this is not a ledger of Sluice")
)

// ConflictError says that somebody else's record stands where this one was to go.
type ConflictError struct {
	Stream string
	// After is the number the caller thought was the last, Last the one that is.
	After, Last uint64
	// Reused is true when the entry's ID is taken by other content.
	Reused bool
}

// Error implements error.
func (e *ConflictError) Error() string {
	if e.Reused {
		return fmt.Sprintf("stream %s already has a record with this id and other content", e.Stream)
	}
	return fmt.Sprintf("stream %s ends at record %d, not at %d: somebody else appended", e.Stream, e.Last, e.After)
}

// FencedError says that the lease has gone to somebody else.
type FencedError struct {
	Lease Lease
	// Fence is the caller's.
	Fence uint64
}

// Error implements error.
func (e *FencedError) Error() string {
	if e.Lease.Holder == "" {
		return fmt.Sprintf("the lease %s is at fence %d and nobody holds it now; fence %d is no longer valid", e.Lease.Name, e.Lease.Fence, e.Fence)
	}
	return fmt.Sprintf("the lease %s is at fence %d, held by %q; fence %d is no longer valid", e.Lease.Name, e.Lease.Fence, e.Lease.Holder, e.Fence)
}

// LeaseConflictError says that the lease changed in between.
type LeaseConflictError struct {
	// Lease is what it is now.
	Lease Lease
}

// Error implements error.
func (e *LeaseConflictError) Error() string {
	return fmt.Sprintf("the lease %s is held by %q at fence %d", e.Lease.Name, e.Lease.Holder, e.Lease.Fence)
}

// CorruptError names the record at which the chain does not hold.
type CorruptError struct {
	// Stream and Seq name the record. Stream is empty when the damage cannot be
	// laid at one record's door: a file's header, a lease.
	Stream string
	Seq    uint64
	// Reason says what is wrong: a gap, a fork, a wrong hash, an unreadable page.
	Reason string
	Err    error
}

// Error implements error.
func (e *CorruptError) Error() string {
	s := fmt.Sprintf("record %s#%d is not what was written: %s", e.Stream, e.Seq, e.Reason)
	if e.Stream == "" {
		s = "the ledger is damaged: " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// conflictOf returns the conflict that err is, or nil.
func conflictOf(err error) *ConflictError {
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		return conflict
	}
	return nil
}
