package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var (
	_ ledger.Source      = (*Ledger)(nil)
	_ ledger.Destination = (*Ledger)(nil)
)

// Keys of the table meta. A schema has the first, or, while it is an unfinished copy,
// the second: so a version that knows nothing of copies finds no ledger in one.
const (
	ledgerKey  = "ledger"
	copyingKey = "copying"
	sealedKey  = "sealed"
)

// codeSealed is our own SQLSTATE, in a class that the standard leaves to users.
const codeSealed = "SL001"

// The trigger of a sealed ledger. It is PostgreSQL that refuses, so a version of
// Sluice that knows nothing of seals is refused like any other, and a ledger that is
// not sealed pays nothing for it. Creating a trigger waits for every transaction that
// has written to the table, and keeps later ones waiting, which then meet it.
const (
	sealFunction = `CREATE OR REPLACE FUNCTION @.refuse_record() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'sluice: the ledger is sealed' USING ERRCODE = '` + codeSealed + `'; END $$`
	sealTrigger   = "CREATE TRIGGER record_sealed BEFORE INSERT ON @.record FOR EACH ROW EXECUTE FUNCTION @.refuse_record()"
	unsealTrigger = "DROP TRIGGER record_sealed ON @.record"
)

// identify reads which ledger the schema holds, or of which it is an unfinished copy.
func (l *Ledger) identify(ctx context.Context) error {
	var id, copied *string
	if err := l.pool.QueryRow(ctx, l.sql.identity, ledgerKey, copyingKey).Scan(&id, &copied); err != nil {
		return l.mapError(err)
	}
	switch {
	case id != nil:
		l.id = *id
	case copied == nil:
		return &ledger.CorruptError{Reason: l.place + " has lost the ledger's id"}
	case l.opts.CopyOf == "":
		return fmt.Errorf("%s: %w, %s: run the same sluice ledger copy again to finish it, or drop the schema %q and copy to another", l.place, ledger.ErrUnfinished, *copied, l.schema)
	case l.opts.CopyOf != *copied:
		return fmt.Errorf("%s: %w, and not of %s but of %s; name another schema by sluice_schema", l.place, ledger.ErrUnfinished, l.opts.CopyOf, *copied)
	default:
		l.id, l.unfinished = *copied, true
	}
	return nil
}

// Unfinished implements ledger.Destination.
func (l *Ledger) Unfinished() bool { return l.unfinished }

// Finish implements ledger.Destination.
func (l *Ledger) Finish(ctx context.Context) error {
	err := l.retry(ctx, func() error {
		_, err := l.pool.Exec(ctx, l.sql.finish, ledgerKey, copyingKey, l.id)
		return err
	})
	if err == nil {
		l.unfinished = false
	}
	return l.mapError(err)
}

// Import implements ledger.Destination.
func (l *Ledger) Import(ctx context.Context, records []ledger.Record) error {
	if len(records) == 0 {
		return ctx.Err()
	}
	err := l.retry(ctx, func() error {
		return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
			last, found, err := one(tx.QueryRow(ctx, l.sql.last, records[0].Stream))
			if err != nil {
				return err
			}
			var behind *ledger.Record
			if found {
				behind = &last
			}
			fresh, err := ledger.Follow(behind, records)
			if err != nil || len(fresh) == 0 {
				return err
			}
			_, err = tx.CopyFrom(ctx, pgx.Identifier{l.schema, "record"}, columnNames(),
				pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) { return columns(fresh[i]), nil }))
			return err
		})
	})
	if err == nil {
		l.remember(records[0].Stream, endAt(records[len(records)-1]))
	}
	return l.mapError(err)
}

// SealOff implements ledger.Source.
func (l *Ledger) SealOff(ctx context.Context, s ledger.Sealing) error {
	return l.resealed(ctx, func(tx pgx.Tx, now *ledger.Sealing) error {
		next, err := s.After(now)
		if err != nil {
			return err
		}
		value, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if now == nil {
			for _, q := range []string{l.sql.sealFunction, l.sql.sealTrigger} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, l.sql.putMeta, sealedKey, string(value))
		return err
	})
}

// Unseal implements ledger.Source.
func (l *Ledger) Unseal(ctx context.Context, seen ledger.Sealing) error {
	return l.resealed(ctx, func(tx pgx.Tx, now *ledger.Sealing) error {
		if err := seen.Opens(now); err != nil || now == nil {
			return err
		}
		if _, err := tx.Exec(ctx, l.sql.unsealTrigger); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, l.sql.dropMeta, sealedKey)
		return err
	})
}

// resealed changes the seal. Of several who do so at once one comes after the other.
func (l *Ledger) resealed(ctx context.Context, change func(tx pgx.Tx, now *ledger.Sealing) error) error {
	if l.opts.ReadOnly {
		return ledger.ErrReadOnly
	}
	err := l.retry(ctx, func() error {
		return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey(l.schema)); err != nil {
				return err
			}
			now, err := readSealing(tx.QueryRow(ctx, l.sql.meta, sealedKey))
			if err != nil {
				return err
			}
			return change(tx, now)
		})
	})
	return l.forSealing(err)
}

// whoSeals says who may.
const whoSeals = "sealing it needs sluice_administrator, or the role that created it"

// forSealing says which right is missing: sealing changes the schema, which a releaser
// may not.
func (l *Ledger) forSealing(err error) error {
	if code(err) == codeInsufficientRight {
		return fmt.Errorf("%s: %w for this role: %s: %w", l.place, ledger.ErrReadOnly, whoSeals, err)
	}
	return l.mapError(err)
}

// Sealing implements ledger.Source.
func (l *Ledger) Sealing(ctx context.Context) (s *ledger.Sealing, err error) {
	err = l.retry(ctx, func() error {
		s, err = readSealing(l.pool.QueryRow(ctx, l.sql.meta, sealedKey))
		return err
	})
	return s, l.mapError(err)
}

func readSealing(row pgx.Row) (*ledger.Sealing, error) {
	var value string
	switch err := row.Scan(&value); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var s ledger.Sealing
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return nil, &ledger.CorruptError{Reason: "its seal cannot be read", Err: err}
	}
	return &s, nil
}

// sealedBy makes the error of an insert that the seal refused.
func (l *Ledger) sealedBy(ctx context.Context, err error) error {
	s, readErr := l.Sealing(ctx)
	if readErr != nil || s == nil {
		// Unsealed since: the caller may append again.
		return errors.Join(l.mapError(err), readErr)
	}
	return &ledger.SealedError{Sealing: *s}
}

func isSealed(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == codeSealed
}
