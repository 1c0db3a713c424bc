package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Sweeper = (*Ledger)(nil)

// errDoubt says that something is not as it was written.
var errDoubt = errors.New("not as it was written")

// sweepRows is how many records one query of a sweep returns, so that none runs into the
// time that a statement may take.
const sweepRows = 50_000

// Sweep implements ledger.Sweeper. It reads all streams in one order, and makes no Record
// of what it reads.
func (l *Ledger) Sweep(ctx context.Context, anchored []ledger.Head) (ledger.Swept, error) {
	problems, err := l.Inspect(ctx)
	if err != nil || len(problems) > 0 {
		return ledger.Swept{}, ctx.Err()
	}
	s := &sweep{chains: ledger.NewChains(anchored)}
	for before := uint64(0); ; {
		err := l.retry(ctx, func() error {
			if s.begun {
				// What was taken before the connection broke is not taken again.
				return l.sweepOn(ctx, s, l.sql.sweepOn, string(s.stream), int64(s.row.Seq))
			}
			return l.sweepOn(ctx, s, l.sql.sweep)
		})
		if err != nil {
			// Whatever went wrong, looking closely says what it is.
			return ledger.Swept{}, ctx.Err()
		}
		now := s.chains.Done()
		if now.Records-before < uint64(l.sweepRows) {
			return now, nil
		}
		before = now.Records
	}
}

// sweep is one under way.
type sweep struct {
	chains *ledger.Chains
	row    ledger.Raw
	stream []byte
	begun  bool
}

func (l *Ledger) sweepOn(ctx context.Context, s *sweep, query string, args ...any) error {
	rows, err := l.pool.Query(ctx, query, append(args, l.sweepRows)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := s.take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *sweep) take(rows pgx.Rows) error {
	r := &s.row
	bytes := func(b *[]byte) any { return (*pgtype.DriverBytes)(b) }
	var seq, fence int64
	err := rows.Scan(bytes(&r.Stream), &seq, bytes(&r.ID), bytes(&r.Kind), &r.At, bytes(&r.Actor), bytes(&r.Service),
		bytes(&r.Environment), &fence, bytes(&r.Prev), bytes(&r.Hash), bytes(&r.Body))
	if err != nil {
		return err
	}
	r.Seq, r.Fence = uint64(seq), uint64(fence)
	if !s.chains.Add(r) {
		return errDoubt
	}
	s.stream, s.begun = append(s.stream[:0], r.Stream...), true
	return nil
}
