package sqlite

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row is a row of twelve columns as SQLite stores it: the header's length, the
// types (an integer of one byte, a text of two, and ten times the constant 0), and
// the columns.
func row() []byte {
	return []byte{13, 1, 17, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 42, 'h', 'i'}
}

// leaf puts cells into a page of 512 bytes, the first at its end.
func leaf(cells ...[]byte) []byte {
	page := make([]byte, 512)
	page[0], page[4] = tableLeaf, byte(len(cells))
	at := len(page)
	for i, c := range cells {
		at -= len(c)
		copy(page[at:], c)
		page[8+2*i], page[9+2*i] = byte(at>>8), byte(at)
	}
	return page
}

func TestLeafCells(t *testing.T) {
	t.Parallel()
	type cell struct {
		Rowid      int64
		Consistent bool
	}
	with := func(payload byte, row []byte) []byte { return append([]byte{payload, 7}, row...) }
	short := row()
	short[0] = 12
	for _, c := range []struct {
		name string
		page []byte
		want []cell
	}{
		{"as written", leaf(with(16, row())), []cell{{7, true}}},
		{"two", leaf(with(16, row()), append([]byte{16, 0x81, 0x00}, row()...)), []cell{{7, true}, {128, true}}},
		{"a length too great", leaf(with(17, row())), []cell{{7, false}}},
		{"a length too small", leaf(with(15, row())), []cell{{7, false}}},
		{"a column too few", leaf(with(15, short)), []cell{{7, false}}},
		{"no cells", leaf(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []cell
			for _, found := range leafCells(c.page) {
				got = append(got, cell{found.rowid, found.consistent})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVarint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bytes []byte
		value uint64
		size  int
	}{
		{[]byte{0}, 0, 1},
		{[]byte{0x7f, 0xff}, 127, 1},
		{[]byte{0x81, 0x00}, 128, 2},
		{[]byte{0x82, 0x2c}, 300, 2},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1<<64 - 1, 9},
		{nil, 0, 0},
		{[]byte{0x81}, 0, 0},
	} {
		if value, size := varint(c.bytes); value != c.value || size != c.size {
			t.Errorf("%x: got %d in %d bytes, want %d in %d", c.bytes, value, size, c.value, c.size)
		}
	}
}

// TestLeafCellsOfRubbish does not look at what comes out, only that it comes.
func TestLeafCellsOfRubbish(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	page := make([]byte, 512)
	for range 20000 {
		for i := range page {
			page[i] = byte(rng.Uint32())
		}
		leafCells(page)
	}
}
