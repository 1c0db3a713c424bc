package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"hash/maphash"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Sweeper = (*Ledger)(nil)

// Sweep implements ledger.Sweeper. SQLite's whole check looks up each row in each index,
// which is most of what verifying used to cost. Here SQLite checks the structure of the
// file alone (quick_check), and beside that each tree is walked once: the rows by their
// hashes and chains, the indexes by their order and by a sum over their entries that must
// be that over the rows.
func (l *Ledger) Sweep(ctx context.Context, anchored []ledger.Head) (ledger.Swept, error) {
	swept, err := l.sweep(ctx, anchored)
	if err != nil {
		// Whatever went wrong, looking closely says what it is.
		return ledger.Swept{}, ctx.Err()
	}
	return swept, nil
}

func (l *Ledger) sweep(ctx context.Context, anchored []ledger.Head) (ledger.Swept, error) {
	// Two of these at once could wait for each other's connections.
	l.sweeping.Lock()
	defer l.sweeping.Unlock()
	views, err := l.sameViews(ctx, 2)
	if err != nil {
		return ledger.Swept{}, err
	}
	defer views.close()
	s := &sweep{seed: maphash.MakeSeed(), chains: ledger.NewChains(anchored), rows: make([]sum, len(indexes))}
	entries := make([]sum, len(indexes))
	both, within := errgroup.WithContext(ctx)
	both.Go(func() error {
		return views[0].walk(within, "record", func(w *walker, root uint32) error { return w.table(root, 0, s.row) })
	})
	both.Go(func() error {
		err := views[1].sound(within)
		for i := range indexes {
			if err == nil {
				err = views[1].walk(within, indexes[i].name, func(w *walker, root uint32) (err error) {
					entries[i], err = sumOf(w, root, i, s.seed)
					return err
				})
			}
		}
		return err
	})
	if err := both.Wait(); err != nil {
		return ledger.Swept{}, err
	}
	if !slices.Equal(entries, s.rows) {
		return ledger.Swept{}, errDoubt
	}
	return s.chains.Done(), nil
}

// view is a connection in a transaction, which sees one state of the file.
type view struct{ *sql.Conn }

type views []view

func (v views) close() {
	for _, c := range v {
		_ = exec(c.Conn, "ROLLBACK") // Nothing was written.
		_ = c.Close()
	}
}

// sameViews returns n views of the same state. Records are only ever added, so two states
// that end in the same row have the same records.
func (l *Ledger) sameViews(ctx context.Context, n int) (views, error) {
	const tries = 10
	for range tries {
		var found views
		ends := map[int64]bool{}
		for range n {
			conn, err := l.readers.Conn(ctx)
			if err == nil {
				found = append(found, view{conn})
				_, err = conn.ExecContext(ctx, "BEGIN")
			}
			var end int64
			if err == nil {
				err = conn.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM record").Scan(&end)
			}
			if err != nil {
				found.close()
				return nil, err
			}
			ends[end] = true
		}
		if len(ends) == 1 {
			return found, nil
		}
		found.close()
	}
	return nil, ledger.ErrBusy
}

// sound has SQLite check the structure of all pages and the types of all columns, and
// looks at what is in no tree of records.
func (v view) sound(ctx context.Context) error {
	for _, inspect := range []func(context.Context, *sql.Conn) ([]*ledger.CorruptError, error){inspectSchema, inspectLeases} {
		if problems, err := inspect(ctx, v.Conn); err != nil || len(problems) > 0 {
			return errors.Join(err, errDoubt)
		}
	}
	var first string
	// It says one thing: ok, or the first that is wrong.
	err := v.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&first)
	if err == nil && first != "ok" {
		err = errDoubt
	}
	return err
}

// walk has do walk the tree of that name.
func (v view) walk(ctx context.Context, name string, do func(w *walker, root uint32) error) error {
	w, err := newWalker(ctx, v.Conn)
	if err != nil {
		return err
	}
	var root uint32
	err = v.QueryRowContext(ctx, "SELECT rootpage FROM sqlite_schema WHERE name = ?", name).Scan(&root)
	if err == nil {
		err = do(w, root)
	}
	return errors.Join(err, w.close())
}

// sum stands for a set of index entries. Their order does not matter to it, and nobody can
// aim at one whose seed is made for the occasion.
type sum struct{ count, total uint64 }

func (s *sum) add(seed maphash.Seed, entry []byte) {
	s.count++
	s.total += maphash.Bytes(seed, entry)
}

// sweep goes through the rows.
type sweep struct {
	seed   maphash.Seed
	chains *ledger.Chains
	// rows are the sums over what the rows should have in each index.
	rows []sum
	// columns and entry are of the row at hand.
	columns [tableColumns]column
	entry   []byte
}

// row checks a row's hash and link, and adds it up for the indexes.
func (s *sweep) row(rowid int64, row []byte) error {
	if err := columnsOf(row, s.columns[:]); err != nil {
		return err
	}
	c := &s.columns
	for i, kind := range recordKinds {
		if c[i].kind != kind {
			return errDoubt
		}
	}
	if len(c[9].bytes) != sha256.Size || len(c[10].bytes) != sha256.Size {
		return errDoubt
	}
	if !s.chains.Add(&ledger.Raw{
		Stream: c[0].bytes, Seq: uint64(c[1].number), ID: c[2].bytes, Kind: c[3].bytes, At: c[4].number, Actor: c[5].bytes,
		Service: c[6].bytes, Environment: c[7].bytes, Fence: uint64(c[8].number), Prev: c[9].bytes, Hash: c[10].bytes, Body: c[11].bytes,
	}) {
		return errDoubt
	}
	for i, ix := range indexes {
		s.entry = s.entry[:0]
		for _, n := range ix.columns {
			s.entry = c[n].append(s.entry)
		}
		s.entry = column{kind: integer, number: rowid}.append(s.entry)
		s.rows[i].add(s.seed, s.entry)
	}
	return nil
}

// sumOf adds up the entries of an index, which must be sorted.
func sumOf(w *walker, root uint32, index int, seed maphash.Seed) (s sum, err error) {
	// The last column is the rowid, which tells entries of the same key apart where
	// there may be several.
	n := len(indexes[index].columns) + 1
	key := n
	if indexes[index].unique {
		key--
	}
	now, before := make([]column, n), make([]column, n)
	var line []byte
	err = w.index(root, 0, func(entry []byte) error {
		if err := columnsOf(entry, now); err != nil {
			return err
		}
		if s.count > 0 && compareColumns(before[:key], now[:key]) >= 0 {
			return errDoubt
		}
		line = line[:0]
		for j := range now {
			line = now[j].append(line)
			before[j].keep(now[j])
		}
		s.add(seed, line)
		return nil
	})
	return s, err
}
