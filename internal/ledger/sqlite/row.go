package sqlite

import (
	"bytes"
	"cmp"
	"encoding/binary"
)

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

// widths are those of the serial types from 1 on.
var widths = [6]uint64{1, 2, 3, 4, 6, 8}

// sizeOf says how many bytes a column of that serial type takes, and of what kind it is.
func sizeOf(serial uint64) (uint64, column) {
	switch {
	case serial >= 13 && serial%2 == 1:
		return (serial - 13) / 2, column{kind: text}
	case serial >= 12:
		return (serial - 12) / 2, column{kind: blob}
	case serial >= 1 && serial <= 6:
		return widths[serial-1], column{kind: integer}
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
