package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const (
	recordColumns = "stream, seq, id, kind, at, actor, service, environment, fence, prev, hash, body"
	byIDQuery     = "SELECT " + recordColumns + " FROM record WHERE stream = ? AND id = ?"
	lastQuery     = "SELECT " + recordColumns + " FROM record WHERE stream = ? ORDER BY seq DESC LIMIT 1"
	streamQuery   = "SELECT " + recordColumns + " FROM record WHERE stream = ? AND seq >= ? ORDER BY seq"
	insertRecord  = "INSERT INTO record (" + recordColumns + ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
)

// statements are prepared on the writing connection.
type statements struct {
	prepared
	begin, commit, version, byID, last, insert, lease, putLease *sql.Stmt
}

func prepare(ctx context.Context, conn *sql.Conn) (*statements, error) {
	var s statements
	return &s, s.prepare(ctx, conn, []toPrepare{
		{&s.begin, "BEGIN IMMEDIATE"},
		{&s.commit, "COMMIT"},
		{&s.version, "PRAGMA data_version"},
		{&s.byID, byIDQuery},
		{&s.last, lastQuery},
		{&s.insert, insertRecord},
		{&s.lease, selectLease},
		{&s.putLease, "INSERT OR REPLACE INTO lease (name, holder, fence, beat, ttl, hash) VALUES (?,?,?,?,?,?)"},
	})
}

// settled says whether err is an answer about one request, after which the
// transaction may go on.
func settled(err error) bool {
	var (
		conflict *ledger.ConflictError
		fenced   *ledger.FencedError
		lost     *ledger.LeaseConflictError
		corrupt  *ledger.CorruptError
		sealed   *ledger.SealedError
	)
	return errors.As(err, &sealed) || errors.As(err, &conflict) || errors.As(err, &fenced) || errors.As(err, &lost) || errors.As(err, &corrupt)
}

// Append implements ledger.Ledger.
func (l *Ledger) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	if err := errors.Join(ledger.ValidateName(stream), entry.Validate()); err != nil {
		return ledger.Record{}, err
	}
	var r ledger.Record
	err := l.write(ctx, func() (err error) {
		r, err = l.append(stream, after, entry)
		return err
	})
	if err != nil {
		return ledger.Record{}, err
	}
	return r, nil
}

// append works inside a transaction. Where this handle knows the stream's end it
// inserts at once, and lets the unique indexes say whether the entry is there
// already.
func (l *Ledger) append(stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	if end, known := l.ends[stream]; known && end.seq == after {
		r, err := l.insert(stream, after, end.hash, entry)
		var (
			fenced *ledger.FencedError
			sealed *ledger.SealedError
		)
		// A repeated append succeeds even when the lease has gone since.
		if !constrained(err) && !errors.As(err, &fenced) && !errors.As(err, &sealed) {
			return r, err
		}
	}
	prev, there, err := l.examine(stream, after, entry)
	switch {
	case err != nil:
		return ledger.Record{}, err
	case there != nil:
		return *there, nil
	}
	return l.insert(stream, after, prev, entry)
}

// examine looks whether the entry may go behind the record numbered after. It
// returns that record's hash, or the record that is there because the same append
// went through before.
func (l *Ledger) examine(stream string, after uint64, entry ledger.Entry) (string, *ledger.Record, error) {
	last, found, err := one(l.stmts.last, stream)
	if err != nil {
		return "", nil, named(err, stream, after)
	}
	same, taken, err := one(l.stmts.byID, stream, entry.ID)
	if err != nil {
		return "", nil, named(err, stream, after)
	}
	s, prev := ledger.Standing{Seq: last.Seq}, ledger.ZeroHash
	if found {
		s.Last, prev = &last, last.Hash
	}
	if taken {
		s.There = &same
	}
	if repeated, err := ledger.Judge(stream, after, entry, s); err != nil || !repeated {
		return prev, nil, err
	}
	return "", &same, nil
}

// insert writes the record, unless its lease has changed hands.
func (l *Ledger) insert(stream string, after uint64, prev string, entry ledger.Entry) (ledger.Record, error) {
	if entry.Lease != "" {
		lease, err := readLease(l.stmts.lease.QueryRow(entry.Lease), entry.Lease)
		if err != nil {
			return ledger.Record{}, err
		}
		if lease.Fence != entry.Fence {
			return ledger.Record{}, &ledger.FencedError{Lease: lease, Fence: entry.Fence}
		}
	}
	r := ledger.Seal(stream, after+1, prev, entry)
	// What is returned must not change with the caller's bytes.
	r.Body = slices.Clone(r.Body)
	if _, err := l.stmts.insert.Exec(columns(r)...); err != nil {
		return ledger.Record{}, l.refused(err)
	}
	l.ends[stream] = end{seq: r.Seq, hash: r.Hash}
	return r, nil
}

// end is where a stream ends, as this handle knows while nobody else has written.
type end struct {
	seq  uint64
	hash string
}

// maxEnds bounds the memory that the knowledge of ends takes.
const maxEnds = 4096

// refresh forgets what this handle knew when another has written since. It works
// inside a transaction, so nobody can write afterwards.
func (l *Ledger) refresh() error {
	var version int64
	if err := l.stmts.version.QueryRow().Scan(&version); err != nil {
		return mapError(err)
	}
	if version != l.version || l.ends == nil || len(l.ends) > maxEnds {
		l.version, l.ends = version, map[string]end{}
	}
	return nil
}

// one reads the record that a statement finds, if there is one.
func one(stmt *sql.Stmt, args ...any) (ledger.Record, bool, error) {
	r, err := scan(stmt.QueryRow(args...))
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Record{}, false, nil
	}
	return r, err == nil, err
}

// columns are the values of recordColumns.
func columns(r ledger.Record) []any {
	return []any{
		r.Stream, int64(r.Seq), r.ID, r.Kind, r.At.UnixMicro(), r.Actor, r.Service, r.Environment,
		int64(r.Fence), ledger.HashBytes(r.Prev), ledger.HashBytes(r.Hash), string(r.Body),
	}
}

// errType says that a column holds what nobody wrote there.
var errType = errors.New("a column has another type than it was given")

// scan reads recordColumns.
func scan(row interface{ Scan(...any) error }) (ledger.Record, error) {
	var (
		r              ledger.Record
		seq, at, fence int64
		prev, hash     []byte
		body           string
	)
	err := row.Scan(&r.Stream, &seq, &r.ID, &r.Kind, &at, &r.Actor, &r.Service, &r.Environment, &fence, &prev, &hash, &body)
	if err != nil {
		if !errors.Is(err, sql.ErrNoRows) && isScan(err) {
			err = errors.Join(errType, err)
		}
		return ledger.Record{}, err
	}
	r.Seq, r.Fence = uint64(seq), uint64(fence)
	r.At = time.UnixMicro(at).UTC()
	r.Prev, r.Hash = hex.EncodeToString(prev), hex.EncodeToString(hash)
	r.Body = json.RawMessage(body)
	return r, nil
}
