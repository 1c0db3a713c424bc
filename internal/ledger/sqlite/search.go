package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// search lays damage that SQLite's own check has found at the records' doors. It
// is slow and thorough, and runs on damaged files alone.
type search struct {
	conn       *sql.Conn
	complaints []string

	// places says by the index record_place which record a row is.
	places map[int64]place
	// rows are the rows that can be read, with the types they really have.
	rows     map[int64][]any
	problems []*ledger.CorruptError
	known    map[place]bool
}

// place is where a record stands.
type place struct {
	stream string
	seq    uint64
}

// indexes are those of the table record, with the columns of recordColumns that
// each holds.
var indexes = []struct {
	name    string
	columns []int
	unique  bool
}{
	{"record_place", []int{0, 1}, true},
	{"record_id", []int{0, 2}, true},
	{"record_at", []int{4, 6, 7, 3}, false},
}

func (s *search) run(ctx context.Context) ([]*ledger.CorruptError, error) {
	s.known = map[place]bool{}
	entries := make([]map[int64][]any, len(indexes))
	for i, ix := range indexes {
		var err error
		names := make([]string, len(ix.columns))
		for j, c := range ix.columns {
			names[j] = strings.Split(recordColumns, ", ")[c]
		}
		list := strings.Join(names, ", ")
		order := strings.Join(names, " %[1]s, ") + " %[1]s, rowid %[1]s"
		if entries[i], err = s.scan(ctx, "SELECT rowid, "+list+" FROM record INDEXED BY "+ix.name+" ORDER BY "+order); err != nil {
			return nil, err
		}
	}
	s.places = map[int64]place{}
	for rowid, e := range entries[0] {
		if p, ok := placeOf(e); ok {
			s.places[rowid] = p
		}
	}
	if err := s.readRows(ctx); err != nil {
		return nil, err
	}
	s.compare(entries)
	if err := s.pages(ctx); err != nil {
		return nil, err
	}
	if len(s.problems) == 0 {
		s.problems = append(s.problems, &ledger.CorruptError{Reason: "SQLite's check of the file says: " + s.complaints[0]})
	}
	return s.problems, nil
}

// scan reads rows by their rowid, from the one end until the damage and from the
// other.
func (s *search) scan(ctx context.Context, query string) (map[int64][]any, error) {
	out := map[int64][]any{}
	for _, direction := range []string{"ASC", "DESC"} {
		err := s.each(ctx, fmt.Sprintf(query, direction), func(values []any) {
			if rowid, ok := values[0].(int64); ok {
				out[rowid] = values[1:]
			}
		})
		if err == nil {
			break
		}
		if !damaged(err) {
			return nil, mapError(err)
		}
	}
	return out, nil
}

// each calls f with the columns of each row, in the types that they have.
func (s *search) each(ctx context.Context, query string, f func([]any), args ...any) error {
	rows, err := s.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f(values)
	}
	return rows.Err()
}

// readRows reads the table in order, and then row by row what the index knows and
// the table did not give.
func (s *search) readRows(ctx context.Context) (err error) {
	if s.rows, err = s.scan(ctx, "SELECT rowid, "+recordColumns+" FROM record NOT INDEXED ORDER BY rowid %[1]s"); err != nil {
		return err
	}
	for rowid := range s.places {
		found := false
		err := s.each(ctx, "SELECT "+recordColumns+" FROM record NOT INDEXED WHERE rowid = ?", func(values []any) {
			s.rows[rowid], found = values, true
		}, rowid)
		if err != nil && !damaged(err) {
			return mapError(err)
		}
		if !found {
			delete(s.rows, rowid)
		}
	}
	return nil
}

// compare looks for rows that do not say what the indexes say, or not what was
// hashed.
func (s *search) compare(entries []map[int64][]any) {
	all := maps.Clone(s.places)
	for rowid := range s.rows {
		if _, ok := all[rowid]; !ok {
			all[rowid] = place{}
		}
	}
	for _, rowid := range slices.Sorted(maps.Keys(all)) {
		row, ok := s.rows[rowid]
		if !ok {
			s.name(s.places[rowid], "its row cannot be read")
			continue
		}
		own, whole := s.judge(row)
		if !whole {
			s.name(cmp.Or(s.places[rowid], own), "its row is not what was written")
			continue
		}
		for i, ix := range indexes {
			want := make([]any, len(ix.columns))
			for j, c := range ix.columns {
				want[j] = row[c]
			}
			if !reflect.DeepEqual(entries[i][rowid], want) {
				s.name(own, "the index "+ix.name+" does not say what its row says")
			}
		}
	}
	for i, ix := range indexes {
		for _, rowid := range slices.Sorted(maps.Keys(entries[i])) {
			if _, ok := all[rowid]; !ok {
				s.problems = append(s.problems, &ledger.CorruptError{Reason: fmt.Sprintf("the index %s has an entry for row %d, which is not there", ix.name, rowid)})
			}
		}
	}
}

// judge says which record a row claims to be, and whether its columns have the
// types they were given and the hash that was made of them.
func (s *search) judge(row []any) (place, bool) {
	own, _ := placeOf(row)
	r, err := fromTyped(row)
	return own, err == nil && ledger.CheckHash(r) == nil
}

// name notes a record once.
func (s *search) name(p place, reason string) {
	if s.known[p] {
		return
	}
	s.known[p] = true
	s.problems = append(s.problems, &ledger.CorruptError{Stream: p.stream, Seq: p.seq, Reason: reason, Err: errors.New("SQLite says: " + s.complaints[0])})
}

// placeOf reads the place in the first two columns.
func placeOf(values []any) (place, bool) {
	stream, ok := values[0].(string)
	if b, isBlob := values[0].([]byte); isBlob {
		stream = string(b)
	}
	seq, isInt := values[1].(int64)
	return place{stream: stream, seq: uint64(seq)}, ok && isInt
}

// fromTyped is scan for columns whose types are in doubt.
func fromTyped(row []any) (ledger.Record, error) {
	var (
		r              ledger.Record
		seq, at, fence int64
		prev, hash     []byte
		body           string
	)
	into := []any{&r.Stream, &seq, &r.ID, &r.Kind, &at, &r.Actor, &r.Service, &r.Environment, &fence, &prev, &hash, &body}
	for i, value := range row {
		target := reflect.ValueOf(into[i]).Elem()
		if value == nil || reflect.TypeOf(value) != target.Type() {
			return ledger.Record{}, errType
		}
		target.Set(reflect.ValueOf(value))
	}
	r.Seq, r.Fence, r.At = uint64(seq), uint64(fence), time.UnixMicro(at).UTC()
	r.Prev, r.Hash = hex.EncodeToString(prev), hex.EncodeToString(hash)
	r.Body = json.RawMessage(body)
	return r, nil
}

// comparePlaces orders by stream and number.
func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.seq, b.seq))
}
