package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// flipper is a closed ledger whose bytes are changed one at a time.
type flipper struct {
	path     string
	original []byte
	export   string
	lease    ledger.Lease
	id       string
}

const flipStream = "release/checkout/production"

// newFlipper writes a ledger of several pages, with a record whose body needs
// pages of its own, a lease and a checkpoint.
func newFlipper(t *testing.T) *flipper {
	t.Helper()
	f := &flipper{path: filepath.Join(t.TempDir(), "ledger.db"), lease: ledger.Lease{Name: "l", Holder: "h", Fence: 3, Beat: 7, TTL: time.Minute}}
	l, err := Open(t.Context(), f.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 24 {
		body := fmt.Sprintf(`{"n":%d,"text":"%s"}`, i, strings.Repeat("x", 100))
		if i == 20 {
			body = `{"big":"` + strings.Repeat("0123456789", 1200) + `"}`
		}
		e := ledger.Entry{ID: fmt.Sprintf("unique-%d-id", i), Kind: "rollout.step", At: at.Add(time.Duration(i) * time.Second), Actor: "ci@acme", Service: "checkout", Environment: "production", Body: []byte(body)}
		if _, err := l.Append(t.Context(), flipStream, uint64(i), e); err != nil {
			t.Fatal(err)
		}
		e.Service = "cart"
		if _, err := l.Append(t.Context(), "release/cart/production", uint64(i), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: "l"}, f.lease); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Checkpoint(t.Context(), l, "me", at); err != nil {
		t.Fatal(err)
	}
	var export bytes.Buffer
	if err := ledger.Export(t.Context(), l, &export); err != nil {
		t.Fatal(err)
	}
	f.export = export.String()
	if f.id, err = l.ID(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if f.original, err = os.ReadFile(f.path); err != nil {
		t.Fatal(err)
	}
	return f
}

// cell returns where in the file the row of the record number seq of flipStream
// stands, as far as it is on its own page.
func (f *flipper) cell(t *testing.T, seq int) (from, to int) {
	t.Helper()
	// The rows were written in turn, behind the ledger's own first record.
	rowid := int64(2 * seq)
	const size = 4096
	for at := size; at < len(f.original); at += size {
		page := f.original[at : at+size]
		if page[0] != tableLeaf {
			continue
		}
		for i, c := range leafCells(page) {
			if c.rowid != rowid {
				continue
			}
			if !c.consistent {
				t.Fatalf("the cell of row %d does not hold together before anything was changed", rowid)
			}
			from = int(page[8+2*i])<<8 | int(page[9+2*i])
			payload, n := varint(page[from:])
			_, m := varint(page[from+n:])
			return at + from, at + min(from+n+m+int(payload), size)
		}
	}
	t.Fatalf("row %d is on no page", rowid)
	return 0, 0
}

// flip changes one byte and says what Verify has to say.
func (f *flipper) flip(t *testing.T, at int, mask byte) (ledger.Report, error) {
	t.Helper()
	changed := slices.Clone(f.original)
	changed[at] ^= mask
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		_ = os.Remove(f.path + suffix)
	}
	if err := os.WriteFile(f.path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), f.path, Options{ReadOnly: true})
	if err != nil {
		return ledger.Report{}, err
	}
	defer l.Close()
	report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err == nil {
		f.unaffected(t, l, at, mask)
	}
	return report, err
}

// unaffected fails unless everything that the ledger says is what was written.
func (f *flipper) unaffected(t *testing.T, l *Ledger, at int, mask byte) {
	t.Helper()
	var export bytes.Buffer
	if err := ledger.Export(t.Context(), l, &export); err != nil || export.String() != f.export {
		t.Errorf("byte %d ^ %#x: it verifies, and the export differs (%v)", at, mask, err)
	}
	if id, err := l.ID(t.Context()); err != nil || id != f.id {
		t.Errorf("byte %d ^ %#x: it verifies, and the id is %s (%v)", at, mask, id, err)
	}
	if lease, err := l.Lease(t.Context(), "l"); err != nil || lease != f.lease {
		t.Errorf("byte %d ^ %#x: it verifies, and the lease is %+v (%v)", at, mask, lease, err)
	}
	if found, err := l.Query(t.Context(), ledger.Filter{Service: "cart", Kinds: []string{"rollout.step"}}); err != nil || len(found) != 24 {
		t.Errorf("byte %d ^ %#x: it verifies, and a query finds %d records (%v)", at, mask, len(found), err)
	}
}

func TestEveryByteOfARecordCounts(t *testing.T) {
	t.Parallel()
	for _, seq := range []int{1, 21, 24} {
		t.Run(fmt.Sprintf("record %d", seq), func(t *testing.T) {
			t.Parallel()
			f := newFlipper(t)
			from, to := f.cell(t, seq)
			// The lengths and types of one row get every bit, one row gets each byte, and
			// the others a sample.
			for at := from; at < to; at++ {
				masks := []byte{1 << (at % 8)}
				switch {
				case at < from+3 || seq == 21 && at < from+22:
					masks = []byte{1, 2, 4, 8, 16, 32, 64, 128, 255}
				case seq != 24 && (at-from)%16 != 0:
					continue
				}
				for _, mask := range masks {
					report, err := f.flip(t, at, mask)
					var corrupt *ledger.CorruptError
					if !errors.As(err, &corrupt) {
						t.Fatalf("byte %d of %d ^ %#x: got %v", at-from, to-from, mask, err)
					}
					named := names(report, uint64(seq))
					if !named {
						t.Errorf("byte %d of %d ^ %#x: record %d is not named: %v", at-from, to-from, mask, seq, report.Problems)
					}
				}
			}
		})
	}
}

// names says whether a record of flipStream is among the problems.
func names(report ledger.Report, seq uint64) bool {
	return slices.ContainsFunc(report.Problems, func(p *ledger.CorruptError) bool {
		return p.Stream == flipStream && p.Seq == seq
	})
}

func TestAByteInAnIndexNamesTheRecord(t *testing.T) {
	t.Parallel()
	f := newFlipper(t)
	// The stream and the id stand together in the row and in the index record_id.
	needle := []byte(flipStream + "unique-16-id")
	at := bytes.LastIndex(f.original, needle)
	first := bytes.Index(f.original, needle)
	if at < 0 {
		t.Fatal("the index's entry is not in the file")
	}
	if from, to := f.cell(t, 17); at >= from && at < to || first != at {
		t.Fatal("the entry found is the row's own")
	}
	for i := range needle {
		report, err := f.flip(t, at+i, 1<<(i%8))
		if err == nil || !names(report, 17) {
			t.Errorf("byte %d of the entry: record 17 is not named: %v, %v", i, err, report.Problems)
		}
	}
}

func TestAPageThatIsGoneNamesItsRecords(t *testing.T) {
	t.Parallel()
	f := newFlipper(t)
	from, _ := f.cell(t, 10)
	start := from / 4096 * 4096
	var lost []uint64
	for seq := 1; seq <= 24; seq++ {
		if at, _ := f.cell(t, seq); at/4096*4096 == start {
			lost = append(lost, uint64(seq))
		}
	}
	for i := range 4096 {
		f.original[start+i] = 0xa5
	}
	report, err := f.flip(t, start, 0)
	var corrupt *ledger.CorruptError
	if !errors.As(err, &corrupt) {
		t.Fatalf("got %v", err)
	}
	if len(lost) < 3 {
		t.Fatalf("only %v are on the page", lost)
	}
	for _, seq := range lost {
		if !names(report, seq) {
			t.Errorf("record %d is not named", seq)
		}
	}
	for seq := uint64(1); seq < lost[0]; seq++ {
		if names(report, seq) {
			t.Errorf("record %d is named, and is whole", seq)
		}
	}
}

func TestAnyOtherByteIsReportedOrWithoutEffect(t *testing.T) {
	t.Parallel()
	f := newFlipper(t)
	rng := rand.New(rand.NewPCG(20, 26))
	flips := make([]int, 0, 300)
	for at := range 112 {
		flips = append(flips, at)
	}
	for len(flips) < cap(flips) {
		flips = append(flips, rng.IntN(len(f.original)))
	}
	reported := 0
	for _, at := range flips {
		if _, err := f.flip(t, at, byte(1+rng.IntN(255))); err != nil {
			reported++
		}
	}
	t.Logf("%d of %d flips were reported; the others changed nothing that the ledger says", reported, len(flips))
	if reported < len(flips)/4 {
		t.Errorf("only %d of %d flips were reported", reported, len(flips))
	}
}
