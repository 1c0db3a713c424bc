package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// end is where a stream ends, as this handle saw last. It may be behind; the
// database checks it with each append.
type end struct {
	seq  uint64
	hash string
	// digest is what the database makes of the record's content, to compare.
	digest []byte
}

func endAt(r ledger.Record) end { return end{seq: r.Seq, hash: r.Hash, digest: fingerprint(r)} }

// fingerprint is the digest that the statements compute of a record. It is not the
// record's hash only because SQL has no words for the canonical encoding.
func fingerprint(r ledger.Record) []byte {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		r.ID, r.Kind, strconv.FormatInt(r.At.UnixMicro(), 10), r.Actor, r.Service, r.Environment,
		strconv.FormatUint(r.Fence, 10), r.Prev, string(r.Body),
	}, "\x1f")))
	return sum[:]
}

// maxEnds bounds the memory that the knowledge of ends takes.
const maxEnds = 4096

// Append implements ledger.Ledger. Where this handle knows the stream's end it
// inserts at once, and has the database say whether that is still the end.
func (l *Ledger) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	if err := errors.Join(ledger.ValidateName(stream), entry.Validate()); err != nil {
		return ledger.Record{}, err
	}
	if l.opts.ReadOnly {
		return ledger.Record{}, ledger.ErrReadOnly
	}
	prev, known := l.end(stream, after)
	for attempt := 0; ; attempt++ {
		var sealed *ledger.SealedError
		if known {
			r, done, err := l.insert(ctx, stream, after, prev, entry)
			if done || err != nil && !errors.As(err, &sealed) {
				return r, err
			}
		}
		// A repeated append succeeds even when the ledger was sealed since.
		at, there, err := l.examine(ctx, stream, after, entry)
		switch {
		case err != nil:
			return ledger.Record{}, err
		case there != nil:
			if err := l.replicated(ctx); err != nil {
				return ledger.Record{}, err
			}
			return *there, nil
		}
		if sealed != nil {
			return ledger.Record{}, sealed
		}
		if attempt == appendTries {
			// What the insert refused was not there when we looked, again and again.
			return ledger.Record{}, ledger.ErrBusy
		}
		prev, known = at, true
	}
}

// replicated returns once the replicas that commits wait for have what is there. A commit
// whose wait was cut off stands on the primary alone, visible to all, and PostgreSQL asks
// no replica about it again: so who finds it commits behind it. It costs one question
// where no replica is waited for, and nothing where no append is repeated.
func (l *Ledger) replicated(ctx context.Context) error {
	const query = "SELECT CASE WHEN NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> '' THEN pg_logical_emit_message(true, 'sluice', '') END"
	return l.mapError(l.retry(ctx, func() error {
		_, err := l.pool.Exec(ctx, query)
		return err
	}))
}

// appendTries is how often an append looks again after an insert that went
// nowhere, though nothing stood in its way when it looked.
const appendTries = 3

func (l *Ledger) end(stream string, after uint64) (end, bool) {
	if after == 0 {
		return end{hash: ledger.ZeroHash}, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.ends[stream]
	return known, ok && known.seq == after
}

func (l *Ledger) remember(stream string, e end) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ends) >= maxEnds {
		clear(l.ends)
	}
	l.ends[stream] = e
}

// insert writes the record if the one before it is the stream's end and its lease
// is still the one named. It is not done where either is otherwise.
func (l *Ledger) insert(ctx context.Context, stream string, after uint64, prev end, entry ledger.Entry) (ledger.Record, bool, error) {
	r := ledger.Seal(stream, after+1, prev.hash, entry)
	// What is returned must not change with the caller's bytes.
	r.Body = slices.Clone(r.Body)
	query, args := l.sql.insertFirst, columns(r)
	if after > 0 {
		query, args = l.sql.insertNext, append(args, prev.digest)
	}
	if entry.Lease != "" {
		query = l.sql.insertFirstFenced
		if after > 0 {
			query = l.sql.insertNextFenced
		}
		args = append(args, entry.Lease)
	}
	var rows int64
	err := l.retry(ctx, func() error {
		tag, err := l.pool.Exec(ctx, query, args...)
		rows = tag.RowsAffected()
		return err
	})
	if isSealed(err) {
		return ledger.Record{}, false, l.sealedBy(ctx, err)
	}
	if err != nil {
		return ledger.Record{}, false, l.mapError(err)
	}
	if rows == 0 {
		return ledger.Record{}, false, nil
	}
	l.remember(stream, endAt(r))
	return r, true, nil
}

// examine looks whether the entry may go behind the record numbered after. It
// returns that record as an end, or the record that is there because the same append
// went through before. Everything is read in one state of the database.
func (l *Ledger) examine(ctx context.Context, stream string, after uint64, entry ledger.Entry) (prev end, there *ledger.Record, err error) {
	err = l.snapshot(ctx, func(tx pgx.Tx) error {
		last, found, err := one(tx.QueryRow(ctx, l.sql.last, stream))
		if err != nil {
			return err
		}
		same, repeated, err := one(tx.QueryRow(ctx, l.sql.byID, stream, entry.ID))
		if err != nil {
			return err
		}
		var lease ledger.Lease
		if entry.Lease != "" {
			if lease, err = readLease(tx.QueryRow(ctx, l.sql.lease, entry.Lease), entry.Lease); err != nil {
				return err
			}
		}
		s := ledger.Standing{Seq: last.Seq}
		if found {
			s.Last = &last
		}
		if repeated {
			there = &same
		}
		s.There = there
		prev, err = judge(stream, after, entry, s, lease)
		return err
	})
	return prev, there, err
}

// judge adds the lease to what every driver looks at, and gives the record that the
// entry goes behind as an end.
func judge(stream string, after uint64, entry ledger.Entry, s ledger.Standing, lease ledger.Lease) (end, error) {
	repeated, err := ledger.Judge(stream, after, entry, s)
	switch {
	case err != nil || repeated:
		return end{}, err
	case entry.Lease != "" && lease.Fence != entry.Fence:
		return end{}, &ledger.FencedError{Lease: lease, Fence: entry.Fence}
	case s.Last == nil:
		return end{hash: ledger.ZeroHash}, nil
	}
	return endAt(*s.Last), nil
}

// one reads the record that a query finds, if there is one.
func one(row pgx.Row) (ledger.Record, bool, error) {
	r, err := scan(row)
	if errors.Is(err, pgx.ErrNoRows) {
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

// scan reads recordColumns.
func scan(row pgx.Row) (ledger.Record, error) {
	var (
		r              ledger.Record
		seq, at, fence int64
		prev, hash     []byte
		body           string
	)
	err := row.Scan(&r.Stream, &seq, &r.ID, &r.Kind, &at, &r.Actor, &r.Service, &r.Environment, &fence, &prev, &hash, &body)
	if err != nil {
		return ledger.Record{}, err
	}
	r.Seq, r.Fence = uint64(seq), uint64(fence)
	r.At = time.UnixMicro(at).UTC()
	r.Prev, r.Hash = hex.EncodeToString(prev), hex.EncodeToString(bytes.Clone(hash))
	r.Body = json.RawMessage(body)
	return r, nil
}
