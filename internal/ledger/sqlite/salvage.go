package sqlite

import (
	"cmp"
	"context"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Salvager = (*Ledger)(nil)

// Salvage implements ledger.Salvager. Where the file itself is damaged it reads
// from the one end until the damage, and from the other.
func (l *Ledger) Salvage(ctx context.Context, stream string) ([]ledger.Record, error) {
	found := map[uint64]ledger.Record{}
	for _, direction := range []string{"ASC", "DESC"} {
		whole, err := l.salvage(ctx, stream, direction, found)
		if err != nil {
			return nil, err
		}
		if whole {
			break
		}
	}
	var out []ledger.Record
	for _, r := range found {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b ledger.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}

// salvage says whether it came to the end. Its error has nothing to do with damage.
func (l *Ledger) salvage(ctx context.Context, stream, direction string, found map[uint64]ledger.Record) (bool, error) {
	rows, err := l.readers.QueryContext(ctx, "SELECT "+recordColumns+" FROM record WHERE stream = ? ORDER BY seq "+direction, stream)
	if err != nil {
		_, err = damage(err)
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		// A row that cannot be read is left out, as one with a wrong hash is.
		if r, err := scan(rows); err == nil && ledger.CheckHash(r) == nil {
			found[r.Seq] = r
		}
	}
	if err := rows.Err(); err != nil {
		_, err = damage(err)
		return false, err
	}
	return true, nil
}
