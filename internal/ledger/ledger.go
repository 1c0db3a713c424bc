// Package ledger is the port to the append-only record of every release, and
// what is built on it alone: declared objects, leases, the hash chain and its
// verification. Drivers live in packages below; the suite in ledgertest holds
// each of them to the contract that is written here.
package ledger

import (
	"context"
	"encoding/json"
	"time"
)

// Ledger keeps streams of records, each a hash chain, and leases.
//
// A Ledger is safe for concurrent use, and any number of processes may use the
// same one at once. Contexts bound every call. Errors are those of errors.go
// where the driver knows what went wrong; any other error of Append or
// SwapLease means that the outcome is unknown, and the caller must look.
type Ledger interface {
	// ID returns the ledger's UUID, given when it was created. It never changes,
	// and a copy made by Sluice keeps it.
	ID(ctx context.Context) (string, error)

	// Append adds one record behind the record numbered after (0 for an empty
	// stream), so the new one gets the number after+1.
	//
	// It is atomic, and durable when it returns: a crash of process or machine
	// afterwards loses nothing. It fails with *ConflictError, having changed
	// nothing, when the stream's last record is not numbered after. It succeeds,
	// whatever after says, and returns the record that is there, when a record
	// with the entry's ID and the same content is in the stream already; so a
	// caller that lost the reply repeats the call. The same ID with another
	// content is *ConflictError too.
	//
	// What Entry.Validate or ValidateName refuses is ErrInvalid, before anything else.
	//
	// When the entry names a lease, the append fails with *FencedError, having
	// changed nothing, unless the lease's fence is the entry's. This is checked
	// atomically with the append.
	Append(ctx context.Context, stream string, after uint64, entry Entry) (Record, error)

	// Read returns the records of a stream from the number from on (1 is the
	// first), in order. A stream that does not exist has no records. The chain is
	// checked while reading: a gap, a fork or a wrong hash is *CorruptError. The
	// link into the first returned record is checked against the one before it.
	Read(ctx context.Context, stream string, from uint64) ([]Record, error)

	// Heads returns the last record of every stream whose name begins with prefix,
	// in the order of names (of their bytes), bodies included. Each record's own
	// hash is checked, not its links.
	Heads(ctx context.Context, prefix string) ([]Record, error)

	// Query returns records across streams, newest first: in the reverse of the
	// order by time, then stream, then number. Each record's own hash is checked,
	// not its links.
	Query(ctx context.Context, filter Filter) ([]Record, error)

	// Lease returns the lease of that name. One that nobody ever took has fence 0
	// and no holder.
	Lease(ctx context.Context, name string) (Lease, error)

	// SwapLease replaces the lease by next when it still equals current, durably
	// and atomically, and fails with *LeaseConflictError when it does not. It
	// refuses a next whose fence is smaller than current's. Leaser has the rules
	// for who may do what; nobody else calls this.
	SwapLease(ctx context.Context, current, next Lease) error

	// Close releases what the handle holds. No call may follow.
	Close() error
}

// Entry is what a caller appends.
type Entry struct {
	// ID identifies the entry within its stream and makes its append idempotent.
	// 1 to 200 printable ASCII characters.
	ID string
	// Kind says what happened: "rollout.opened". Lower case, dots and underscores.
	Kind string
	// At is the writer's clock. It is kept to the microsecond, in UTC.
	At time.Time
	// Actor is who did it: "ci@acme".
	Actor string
	// Service and Environment are for queries; empty where they do not apply.
	Service, Environment string
	// Lease and Fence make the append conditional on a lease. An empty Lease makes
	// it unconditional; Fence is then 0.
	Lease string
	Fence uint64
	// Body is a JSON object. Its bytes are kept and hashed exactly as given.
	Body json.RawMessage
}

// Record is an entry in its place in the chain.
type Record struct {
	Stream      string          `json:"stream"`
	Seq         uint64          `json:"seq"`
	ID          string          `json:"id"`
	Kind        string          `json:"kind"`
	At          time.Time       `json:"at"`
	Actor       string          `json:"actor"`
	Service     string          `json:"service,omitempty"`
	Environment string          `json:"environment,omitempty"`
	Fence       uint64          `json:"fence,omitempty"`
	Body        json.RawMessage `json:"body"`
	// Prev is the hash of the record before, and Hash the SHA-256 of this record's
	// canonical encoding (see hash.go), both in hexadecimal. Prev of the first
	// record is 64 zeros.
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// Filter selects records. Empty fields select everything.
type Filter struct {
	// StreamPrefix selects streams by the beginning of their names.
	StreamPrefix string
	// Kinds selects records of any of these kinds.
	Kinds                []string
	Service, Environment string
	// Since is inclusive, Until exclusive.
	Since, Until time.Time
	// Limit is the greatest number of records to return; 0 means no limit.
	Limit int
}

// Lease says who drives something now.
type Lease struct {
	Name string `json:"name"`
	// Holder is who has it; empty when it is free.
	Holder string `json:"holder"`
	// Fence grows whenever the lease changes hands, and never shrinks.
	Fence uint64 `json:"fence"`
	// Beat grows with each renewal, so that an observer can see that the holder
	// lives without trusting anybody's clock.
	Beat uint64 `json:"beat"`
	// TTL is how long an observer must see no change before it may take over.
	TTL time.Duration `json:"ttl"`
}
