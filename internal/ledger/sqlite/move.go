package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var (
	_ ledger.Source      = (*Ledger)(nil)
	_ ledger.Destination = (*Ledger)(nil)
)

// Keys of the table meta. A file has the first, or, while it is an unfinished copy,
// the second: so a version that knows nothing of copies finds no ledger in one.
const (
	ledgerKey  = "ledger"
	copyingKey = "copying"
	sealedKey  = "sealed"
)

// A trigger refuses the records of a sealed ledger. It is SQLite that refuses, so a
// version of Sluice that knows nothing of seals is refused like any other, and a
// ledger that is not sealed pays nothing for it.
const (
	sealedWord    = "sluice: the ledger is sealed"
	sealedTrigger = "CREATE TRIGGER record_sealed BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, '" + sealedWord + "'); END"
)

// identify reads which ledger the file is, or of which it is an unfinished copy.
func (l *Ledger) identify(ctx context.Context) error {
	rows, err := l.readers.QueryContext(ctx, "SELECT key, value FROM meta WHERE key IN (?, ?)", ledgerKey, copyingKey)
	if err != nil {
		return mapError(err)
	}
	defer rows.Close()
	ids := map[string]string{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return mapError(err)
		}
		ids[key] = value
	}
	if err := rows.Err(); err != nil {
		return mapError(err)
	}
	copied, unfinished := ids[copyingKey]
	switch {
	case ids[ledgerKey] != "":
		l.id = ids[ledgerKey]
	case !unfinished:
		return &ledger.CorruptError{Reason: l.path + " has lost the ledger's id"}
	case l.opts.CopyOf == "":
		return fmt.Errorf("%s: %w, %s: run the same sluice ledger copy again to finish it, or remove the file and copy to another", l.path, ledger.ErrUnfinished, copied)
	case l.opts.CopyOf != copied:
		return fmt.Errorf("%s: %w, and not of %s but of %s; name another file", l.path, ledger.ErrUnfinished, l.opts.CopyOf, copied)
	default:
		l.id, l.unfinished = copied, true
	}
	return nil
}

// Unfinished implements ledger.Destination.
func (l *Ledger) Unfinished() bool { return l.unfinished }

// Finish implements ledger.Destination.
func (l *Ledger) Finish(ctx context.Context) error {
	err := l.write(ctx, func() error {
		return mapError(exec(l.conn, "UPDATE meta SET key = ? WHERE key = ? AND value = ?", ledgerKey, copyingKey, l.id))
	})
	if err == nil {
		l.unfinished = false
	}
	return err
}

// Import implements ledger.Destination.
func (l *Ledger) Import(ctx context.Context, records []ledger.Record) error {
	if len(records) == 0 {
		return ctx.Err()
	}
	return l.write(ctx, func() error {
		stream := records[0].Stream
		last, found, err := one(l.stmts.last, stream)
		if err != nil {
			return named(err, stream, records[0].Seq)
		}
		var behind *ledger.Record
		if found {
			behind = &last
		}
		fresh, err := ledger.Follow(behind, records)
		if err != nil {
			return err
		}
		delete(l.ends, stream)
		for _, r := range fresh {
			if _, err := l.stmts.insert.Exec(columns(r)...); err != nil {
				return l.refused(err)
			}
		}
		return nil
	})
}

// refused is mapError for an insert, which a sealed ledger refuses.
func (l *Ledger) refused(err error) error {
	if !constrained(err) || !strings.Contains(err.Error(), sealedWord) {
		return mapError(err)
	}
	s, readErr := readSealing(l.conn.QueryRowContext(context.Background(), "SELECT value FROM meta WHERE key = ?", sealedKey))
	if readErr != nil || s == nil {
		return errors.Join(err, readErr)
	}
	return &ledger.SealedError{Sealing: *s}
}

// SealOff implements ledger.Source. It is one transaction, and SQLite has one writer at
// a time: an append is before it or behind it.
func (l *Ledger) SealOff(ctx context.Context, s ledger.Sealing) error {
	return l.resealed(ctx, func(now *ledger.Sealing) error {
		next, err := s.After(now)
		if err != nil {
			return err
		}
		value, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if now == nil {
			if err := exec(l.conn, sealedTrigger); err != nil {
				return mapError(err)
			}
		}
		return mapError(exec(l.conn, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", sealedKey, string(value)))
	})
}

// MaySeal implements ledger.Source. A seal is a write like any other, so it takes the right
// to write and gives it back. The file is not opened beside SQLite for it: closing it again
// would end the locks of this process (sqlite.org/howtocorrupt.html, section 2.2).
func (l *Ledger) MaySeal(ctx context.Context) error { return l.write(ctx, func() error { return nil }) }

// Unseal implements ledger.Source.
func (l *Ledger) Unseal(ctx context.Context, seen ledger.Sealing) error {
	return l.resealed(ctx, func(now *ledger.Sealing) error {
		if err := seen.Opens(now); err != nil || now == nil {
			return err
		}
		return mapError(errors.Join(exec(l.conn, "DROP TRIGGER record_sealed"), exec(l.conn, "DELETE FROM meta WHERE key = ?", sealedKey)))
	})
}

// resealed changes the seal.
func (l *Ledger) resealed(ctx context.Context, change func(now *ledger.Sealing) error) error {
	return l.write(ctx, func() error {
		now, err := readSealing(l.conn.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", sealedKey))
		if err != nil {
			return err
		}
		return change(now)
	})
}

// Sealing implements ledger.Source.
func (l *Ledger) Sealing(ctx context.Context) (*ledger.Sealing, error) {
	return readSealing(l.readers.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", sealedKey))
}

func readSealing(row *sql.Row) (*ledger.Sealing, error) {
	var value string
	switch err := row.Scan(&value); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, mapError(err)
	}
	var s ledger.Sealing
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return nil, &ledger.CorruptError{Reason: "its seal cannot be read", Err: err}
	}
	return &s, nil
}
