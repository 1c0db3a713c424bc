package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// errDoubt says that a page does not look as those of a whole file do.
var errDoubt = errors.New("the file is not laid out as SQLite lays it out")

// The types of a page, in SQLite's file format, beside tableLeaf.
const (
	tableInner = 0x05
	indexInner = 0x02
	indexLeaf  = 0x0a
)

// maxDepth bounds the height of a tree: with two entries a page, the least there can be,
// it would hold more than SQLite can.
const maxDepth = 40

// walker reads trees page by page, in the order of their keys, as section 1.6 of SQLite's
// file format describes them. The pages are those of a transaction, through SQLite. What
// it meets that SQLite would not have written is errDoubt.
type walker struct {
	ctx  context.Context //nolint:containedctx // It lives for one call.
	stmt *sql.Stmt
	// usable is how much of a page SQLite uses.
	usable int
	// levels holds the pages from the root to where it is.
	levels [maxDepth][]byte
	whole  []byte
}

func newWalker(ctx context.Context, conn *sql.Conn) (*walker, error) {
	w := &walker{ctx: ctx}
	var err error
	if w.stmt, err = conn.PrepareContext(ctx, "SELECT data FROM sqlite_dbpage WHERE pgno = ?"); err != nil {
		return nil, err
	}
	first, err := w.page(1, 0)
	if err == nil && len(first) < 512 {
		err = errDoubt
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.usable = len(first) - int(first[20])
	return w, nil
}

func (w *walker) close() error { return w.stmt.Close() }

// page reads a page into the place of its level.
func (w *walker) page(n uint32, depth int) ([]byte, error) {
	if depth >= maxDepth {
		return nil, errDoubt
	}
	// Not with the context itself: the driver would have a goroutine watch it for each
	// page, which takes longer than reading one.
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := w.stmt.QueryContext(context.Background(), int64(n))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var data sql.RawBytes
	if rows.Next() {
		if err := rows.Scan(&data); err != nil {
			return nil, err
		}
	}
	// RawBytes are good until the rows are closed.
	w.levels[depth] = append(w.levels[depth][:0], data...)
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(w.levels[depth]) == 0 {
		return nil, fmt.Errorf("%w: page %d is not there", errDoubt, n)
	}
	return w.levels[depth], nil
}

// cells are a page's, in order.
type cells struct {
	page   []byte
	kind   byte
	header int
	count  int
}

func (w *walker) cells(n uint32, depth int) (cells, error) {
	page, err := w.page(n, depth)
	if err != nil {
		return cells{}, err
	}
	c := cells{page: page, kind: page[0], header: 8, count: int(binary.BigEndian.Uint16(page[3:]))}
	if c.kind == tableInner || c.kind == indexInner {
		c.header = 12
	}
	if n < 2 || c.header+2*c.count > w.usable {
		return cells{}, errDoubt
	}
	return c, nil
}

// cell is number i, up to the end of the page.
func (c cells) cell(i, usable int) ([]byte, error) {
	at := int(binary.BigEndian.Uint16(c.page[c.header+2*i:]))
	if at < c.header || at+4 > usable {
		return nil, errDoubt
	}
	return c.page[at:usable], nil
}

// right is the child behind the last cell of an inner page.
func (c cells) right() uint32 { return binary.BigEndian.Uint32(c.page[8:]) }

// table calls visit for each row of a table, in the order of rowids.
func (w *walker) table(root uint32, depth int, visit func(rowid int64, row []byte) error) error {
	c, err := w.cells(root, depth)
	if err != nil {
		return err
	}
	for i := range c.count {
		cell, err := c.cell(i, w.usable)
		if err != nil {
			return err
		}
		switch c.kind {
		case tableInner:
			err = w.table(binary.BigEndian.Uint32(cell), depth+1, visit)
		case tableLeaf:
			err = w.row(cell, visit)
		default:
			err = errDoubt
		}
		if err != nil {
			return err
		}
	}
	if c.kind == tableInner {
		return w.table(c.right(), depth+1, visit)
	}
	return nil
}

func (w *walker) row(cell []byte, visit func(int64, []byte) error) error {
	size, n := varint(cell)
	rowid, m := varint(cell[n:])
	if n == 0 || m == 0 {
		return errDoubt
	}
	row, err := w.payload(cell[n+m:], size, w.usable-35)
	if err != nil {
		return err
	}
	return visit(int64(rowid), row)
}

// index calls visit for each entry of an index, in the order of keys.
func (w *walker) index(root uint32, depth int, visit func(entry []byte) error) error {
	c, err := w.cells(root, depth)
	if err != nil {
		return err
	}
	for i := range c.count {
		cell, err := c.cell(i, w.usable)
		if err != nil {
			return err
		}
		switch c.kind {
		case indexInner:
			if err := w.index(binary.BigEndian.Uint32(cell), depth+1, visit); err != nil {
				return err
			}
			cell = cell[4:]
		case indexLeaf:
		default:
			return errDoubt
		}
		size, n := varint(cell)
		if n == 0 {
			return errDoubt
		}
		entry, err := w.payload(cell[n:], size, (w.usable-12)*64/255-23)
		if err != nil {
			return err
		}
		if err := visit(entry); err != nil {
			return err
		}
	}
	if c.kind == indexInner {
		return w.index(c.right(), depth+1, visit)
	}
	return nil
}

// payload is what a cell holds, where more than most of it would be on pages of its own,
// put together. It is good until the next call.
func (w *walker) payload(cell []byte, size uint64, most int) ([]byte, error) {
	if size <= uint64(most) {
		if size > uint64(len(cell)) {
			return nil, errDoubt
		}
		return cell[:size], nil
	}
	if size > maxPayload {
		return nil, errDoubt
	}
	least := (w.usable-12)*32/255 - 23
	local := least + (int(size)-least)%(w.usable-4)
	if local > most {
		local = least
	}
	if local+4 > len(cell) {
		return nil, errDoubt
	}
	w.whole = append(w.whole[:0], cell[:local]...)
	for next := binary.BigEndian.Uint32(cell[local:]); len(w.whole) < int(size); {
		page, err := w.page(next, maxDepth-1)
		if err != nil {
			return nil, err
		}
		if len(page) < w.usable {
			return nil, errDoubt
		}
		w.whole = append(w.whole, page[4:min(w.usable, 4+int(size)-len(w.whole))]...)
		next = binary.BigEndian.Uint32(page)
	}
	return w.whole, nil
}

// maxPayload is more than any of our rows takes.
const maxPayload = 64 << 20
