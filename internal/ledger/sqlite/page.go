package sqlite

import (
	"context"
	"regexp"
	"slices"
	"strconv"
)

// pageNumber finds the page that a complaint is about, in its several forms:
// "Tree 4 page 7 cell 2: ...", "Fragmentation of 3 bytes reported as 0 on page 7".
var pageNumber = regexp.MustCompile(`page (\d+)`)

// pages looks at the pages that SQLite complained of, byte by byte: a cell whose
// stated length is not that of its columns is named, and where a page is damaged
// outside its cells, the first record on it.
func (s *search) pages(ctx context.Context) error {
	seen := map[int64]bool{}
	for _, complaint := range s.complaints {
		for _, match := range pageNumber.FindAllStringSubmatch(complaint, -1) {
			n, err := strconv.ParseInt(match[1], 10, 64)
			if err != nil || seen[n] {
				continue
			}
			seen[n] = true
			if err := s.page(ctx, n, complaint); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *search) page(ctx context.Context, n int64, complaint string) error {
	var page []byte
	err := s.each(ctx, "SELECT data FROM sqlite_dbpage WHERE pgno = ?", func(v []any) { page, _ = v[0].([]byte) }, n)
	if err != nil && !damaged(err) {
		return mapError(err)
	}
	// Page 1 holds the schema alone.
	if n < 2 || len(page) < 512 || page[0] != tableLeaf {
		return nil
	}
	var owners []place
	for _, c := range leafCells(page) {
		p, ok := s.places[c.rowid]
		if !ok {
			continue
		}
		owners = append(owners, p)
		if !c.consistent {
			s.name(p, "the length of its row is not what was written")
		}
	}
	if len(s.problems) == 0 && len(owners) > 0 {
		slices.SortFunc(owners, comparePlaces)
		s.name(owners[0], "it is the first on a damaged page: "+complaint)
	}
	return nil
}

// tableLeaf is the type of a page that holds rows, in SQLite's file format.
const tableLeaf = 0x0d

// leafCell is one row as it stands in a page.
type leafCell struct {
	rowid int64
	// consistent says that the stated length of the row is the sum of its columns.
	consistent bool
}

// leafCells reads the cells of a table's leaf, as section 1.6 of SQLite's file
// format describes it. Offsets that lead out of the page end it.
func leafCells(page []byte) []leafCell {
	count := int(page[3])<<8 | int(page[4])
	var out []leafCell
	for i := range count {
		at := 8 + 2*i
		if at+2 > len(page) {
			return out
		}
		cell := page[min(int(page[at])<<8|int(page[at+1]), len(page)):]
		payload, n := varint(cell)
		rowid, m := varint(cell[n:])
		if n == 0 || m == 0 {
			return out
		}
		size, ok := rowSize(cell[n+m:])
		out = append(out, leafCell{rowid: int64(rowid), consistent: ok && size == payload})
	}
	return out
}

// rowSize sums up a row's header and the columns that it lists. The header of one
// of our rows always lies in the page itself.
func rowSize(row []byte) (uint64, bool) {
	header, n := varint(row)
	if n == 0 || header > uint64(len(row)) {
		return 0, false
	}
	size, at, columns := header, n, 0
	for ; at < int(header); columns++ {
		serial, m := varint(row[at:header])
		if m == 0 {
			return 0, false
		}
		at += m
		switch {
		case serial >= 12:
			size += (serial - 12) / 2
		case serial < 8:
			size += []uint64{0, 1, 2, 3, 4, 6, 8, 8}[serial]
		}
	}
	return size, at == int(header) && columns == tableColumns
}

// tableColumns is the number of recordColumns.
const tableColumns = 12

// varint reads SQLite's variable-length integer and returns its length, 0 when it
// is cut off.
func varint(b []byte) (uint64, int) {
	var v uint64
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
