package ledger_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// worked is the example of docs/adr/0020.
func worked() ledger.Record {
	return ledger.Seal("release/checkout/production", 2, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ledger.Entry{
		ID:          "rollout-1-opened",
		Kind:        "rollout.opened",
		At:          time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600)),
		Actor:       "ci@acme",
		Service:     "checkout",
		Environment: "production",
		Lease:       "release/checkout/production",
		Fence:       7,
		Body:        []byte(`{"weight":5}`),
	})
}

func TestWorkedExample(t *testing.T) {
	t.Parallel()
	r := worked()
	const want = "5aa744547e5d0a3035f3333286134445f0be1decff247b5b2be27f60a5677043"
	if r.Hash != want {
		t.Errorf("got %s, want %s", r.Hash, want)
	}
	adr, err := os.ReadFile("../../docs/adr/0020-canonical-encoding.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{want, r.Prev, "2026-03-01T11:00:00.123456Z", hex.EncodeToString(ledger.Encode(r))[:46]} {
		if !strings.Contains(string(adr), part) {
			t.Errorf("ADR 0020 does not say %s", part)
		}
	}
}

// TestEncodingByHand builds the encoding from the ADR's words alone.
func TestEncodingByHand(t *testing.T) {
	t.Parallel()
	r := worked()
	var want []byte
	for _, field := range []string{
		"sluice-record/v1", "release/checkout/production", "2", "rollout-1-opened", "rollout.opened", "2026-03-01T11:00:00.123456Z",
		"ci@acme", "checkout", "production", "7", `{"weight":5}`, r.Prev,
	} {
		want = binary.BigEndian.AppendUint64(want, uint64(len(field)))
		want = append(want, field...)
	}
	if got := ledger.Encode(r); string(got) != string(want) {
		t.Errorf("got\n%x\nwant\n%x", got, want)
	}
	if sum := sha256.Sum256(want); hex.EncodeToString(sum[:]) != r.Hash {
		t.Errorf("got %s", r.Hash)
	}
}

// changes makes each field of a record another.
var changes = map[string]func(*ledger.Record){
	"stream":      func(r *ledger.Record) { r.Stream += "x" },
	"seq":         func(r *ledger.Record) { r.Seq++ },
	"id":          func(r *ledger.Record) { r.ID += "x" },
	"kind":        func(r *ledger.Record) { r.Kind += "x" },
	"at":          func(r *ledger.Record) { r.At = r.At.Add(time.Microsecond) },
	"actor":       func(r *ledger.Record) { r.Actor += "x" },
	"service":     func(r *ledger.Record) { r.Service = "" },
	"environment": func(r *ledger.Record) { r.Environment = "" },
	"fence":       func(r *ledger.Record) { r.Fence = 0 },
	"body":        func(r *ledger.Record) { r.Body = []byte(`{"weight": 5}`) },
	"prev":        func(r *ledger.Record) { r.Prev = ledger.ZeroHash },
	"a boundary":  func(r *ledger.Record) { r.Service, r.Environment = "checkoutp", "roduction" },
}

func TestEveryFieldIsHashed(t *testing.T) {
	t.Parallel()
	for name, change := range changes {
		r := worked()
		change(&r)
		if ledger.HashOf(r) == worked().Hash {
			t.Errorf("%s: the hash is the same", name)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	e := ledger.Entry{ID: "a", Kind: "k", At: time.Unix(1, 1500), Actor: "me", Body: []byte(`{}`)}
	r := ledger.Seal("s", 9, ledger.ZeroHash, e)
	if !ledger.Same(r, e) {
		t.Error("an entry is not the same as its record")
	}
	e.At = time.Unix(1, 1999)
	if !ledger.Same(r, e) {
		t.Error("digits that are not kept make a difference")
	}
	e.Actor = "you"
	if ledger.Same(r, e) {
		t.Error("another actor makes no difference")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	entry := func(id string) ledger.Entry {
		return ledger.Entry{ID: id, Kind: "k", At: time.Unix(1, 0), Actor: "me", Body: []byte(`{}`)}
	}
	one := ledger.Seal("s", 1, ledger.ZeroHash, entry("a"))
	two := ledger.Seal("s", 2, one.Hash, entry("b"))
	three := ledger.Seal("s", 3, two.Hash, entry("c"))
	forged := two
	forged.Body = []byte(`{"x":1}`)
	resealed := ledger.Seal("s", 2, ledger.HashOf(three), entry("b"))
	for _, c := range []struct {
		name   string
		prev   *ledger.Record
		r      ledger.Record
		seq    uint64
		reason string
	}{
		{"the first", nil, one, 0, ""},
		{"the second", &one, two, 0, ""},
		{"none before the second", nil, two, 1, "gap"},
		{"the second left out", &one, three, 2, "gap"},
		{"the second again", &two, two, 2, "fork"},
		{"the first again", &two, one, 1, "fork"},
		{"changed", &one, forged, 2, "wrong hash"},
		{"sealed behind another", &one, resealed, 2, "fork"},
		{"another stream's", &ledger.Record{Stream: "t", Seq: 1, Hash: one.Hash}, two, 2, "fork"},
		{"a first that follows something", nil, ledger.Seal("s", 1, two.Hash, entry("a")), 1, "fork"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := ledger.Check(c.prev, c.r)
			if c.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var corrupt *ledger.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Seq != c.seq || !strings.HasPrefix(corrupt.Reason, c.reason) {
				t.Errorf("got %v, want record %d and %q", err, c.seq, c.reason)
			}
		})
	}
}

func TestCeil(t *testing.T) {
	t.Parallel()
	for in, want := range map[int64]int64{5000: 5000, 5001: 6000, 5999: 6000, -5001: -5000} {
		if got := ledger.Ceil(time.Unix(0, in)); got.UnixNano() != want {
			t.Errorf("%d: got %d, want %d", in, got.UnixNano(), want)
		}
	}
}
