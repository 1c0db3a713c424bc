package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"hash/maphash"

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
	var swept ledger.Swept
	both, within := errgroup.WithContext(ctx)
	both.Go(func() error { return l.sound(within) })
	both.Go(func() (err error) {
		swept, err = l.sweep(within, anchored)
		return err
	})
	// Whatever went wrong, looking closely says what it is.
	if err := both.Wait(); err != nil {
		return ledger.Swept{}, ctx.Err()
	}
	return swept, nil
}

// sound has SQLite check the structure of all pages, and the types of all columns.
func (l *Ledger) sound(ctx context.Context) error {
	var first string
	// It says one thing: ok, or the first that is wrong.
	err := l.readers.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&first)
	if err == nil && first != "ok" {
		err = errDoubt
	}
	return err
}

func (l *Ledger) sweep(ctx context.Context, anchored []ledger.Head) (ledger.Swept, error) {
	conn, err := l.readers.Conn(ctx)
	if err != nil {
		return ledger.Swept{}, err
	}
	defer conn.Close()
	// One transaction, so that everything is looked at in the same state.
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return ledger.Swept{}, err
	}
	defer exec(conn, "ROLLBACK") //nolint:errcheck // Nothing was written.
	for _, inspect := range []func(context.Context, *sql.Conn) ([]*ledger.CorruptError, error){inspectSchema, inspectLeases} {
		if problems, err := inspect(ctx, conn); err != nil || len(problems) > 0 {
			return ledger.Swept{}, errors.Join(err, errDoubt)
		}
	}
	w, err := newWalker(ctx, conn)
	if err != nil {
		return ledger.Swept{}, err
	}
	defer w.close() //nolint:errcheck // Nothing was written.
	s := &sweep{seed: maphash.MakeSeed(), chains: ledger.NewChains(anchored), sums: make([]uint64, len(indexes))}
	root, err := rootOf(ctx, conn, "record")
	if err == nil {
		err = w.table(root, 0, s.row)
	}
	for i := range indexes {
		if err == nil {
			err = s.index(ctx, conn, w, i)
		}
	}
	if err != nil {
		return ledger.Swept{}, err
	}
	return s.chains.Done(), nil
}

func rootOf(ctx context.Context, conn *sql.Conn, name string) (root uint32, err error) {
	err = conn.QueryRowContext(ctx, "SELECT rootpage FROM sqlite_schema WHERE name = ?", name).Scan(&root)
	return root, err
}

// sweep is one under way.
type sweep struct {
	seed   maphash.Seed
	chains *ledger.Chains
	rows   uint64
	// sums are over what the rows would have in each index. The order of rows does not
	// matter to a sum, and nobody can aim at one whose seed is made for the occasion.
	sums []uint64
	// columns and entry are of the row at hand.
	columns [tableColumns]column
	entry   []byte
}

// row checks a row's hash and link, and counts it among the indexes.
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
	s.rows++
	for i, ix := range indexes {
		s.entry = s.entry[:0]
		for _, n := range ix.columns {
			s.entry = c[n].append(s.entry)
		}
		s.entry = column{kind: integer, number: rowid}.append(s.entry)
		s.sums[i] += maphash.Bytes(s.seed, s.entry)
	}
	return nil
}

// index checks that an index is sorted, and has an entry for each row and no other.
func (s *sweep) index(ctx context.Context, conn *sql.Conn, w *walker, i int) error {
	root, err := rootOf(ctx, conn, indexes[i].name)
	if err != nil {
		return err
	}
	n := len(indexes[i].columns) + 1
	now, before := make([]column, n), make([]column, n)
	var count, sum uint64
	err = w.index(root, 0, func(entry []byte) error {
		if err := columnsOf(entry, now); err != nil {
			return err
		}
		key := n
		if indexes[i].unique {
			key--
		}
		if count > 0 && compareColumns(before[:key], now[:key]) >= 0 {
			return errDoubt
		}
		s.entry = s.entry[:0]
		for j := range now {
			s.entry = now[j].append(s.entry)
			before[j].keep(now[j])
		}
		sum += maphash.Bytes(s.seed, s.entry)
		count++
		return nil
	})
	if err == nil && (count != s.rows || sum != s.sums[i]) {
		err = errDoubt
	}
	return err
}

// The kinds of a column.
const (
	integer = 'i'
	text    = 't'
	blob    = 'b'
)

// recordKinds are those of recordColumns.
var recordKinds = [tableColumns]byte{text, integer, text, text, integer, text, text, text, integer, blob, blob, text}

// column is a value in a row. Its bytes are good as long as the row's.
type column struct {
	kind   byte
	number int64
	bytes  []byte
}

// append writes the column so that no two rows of columns look alike.
func (c column) append(b []byte) []byte {
	n := uint64(c.number)
	if c.kind != integer {
		n = uint64(len(c.bytes))
	}
	b = binary.BigEndian.AppendUint64(append(b, c.kind), n)
	return append(b, c.bytes...)
}

// keep copies d.
func (c *column) keep(d column) {
	c.kind, c.number, c.bytes = d.kind, d.number, append(c.bytes[:0], d.bytes...)
}

// compareColumns orders as SQLite does: numbers by size, texts by bytes.
func compareColumns(a, b []column) int {
	for i := range a {
		if order := cmp.Or(cmp.Compare(a[i].number, b[i].number), bytes.Compare(a[i].bytes, b[i].bytes)); order != 0 {
			return order
		}
	}
	return 0
}

// columnsOf takes a row apart that has exactly as many columns, none of them NULL or a
// fraction, as section 2.1 of SQLite's file format describes it.
func columnsOf(row []byte, into []column) error {
	header, at := varint(row)
	if at == 0 || header > uint64(len(row)) {
		return errDoubt
	}
	rest := row[header:]
	for i := range into {
		serial, n := varint(row[at:header])
		if n == 0 {
			return errDoubt
		}
		at += n
		size, c := sizeOf(serial)
		if c.kind == 0 || size > uint64(len(rest)) {
			return errDoubt
		}
		c.set(rest[:size])
		into[i], rest = c, rest[size:]
	}
	if at != int(header) || len(rest) > 0 {
		return errDoubt
	}
	return nil
}

// sizeOf says how many bytes a column of that serial type takes, and of what kind it is.
func sizeOf(serial uint64) (uint64, column) {
	switch {
	case serial >= 13 && serial%2 == 1:
		return (serial - 13) / 2, column{kind: text}
	case serial >= 12:
		return (serial - 12) / 2, column{kind: blob}
	case serial >= 1 && serial <= 6:
		return []uint64{1, 2, 3, 4, 6, 8}[serial-1], column{kind: integer}
	case serial == 8 || serial == 9:
		return 0, column{kind: integer, number: int64(serial - 8)}
	}
	return 0, column{}
}

// set gives a column its bytes; a number's are big endian, the first with the sign.
func (c *column) set(b []byte) {
	if c.kind != integer {
		c.bytes = b
		return
	}
	if len(b) == 0 {
		return
	}
	c.number = int64(int8(b[0]))
	for _, d := range b[1:] {
		c.number = c.number<<8 | int64(d)
	}
}
