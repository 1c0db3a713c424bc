package ledger_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// raw takes a record apart as a driver's columns would have it.
func raw(r ledger.Record) *ledger.Raw {
	prev, _ := hex.DecodeString(r.Prev)
	hash, _ := hex.DecodeString(r.Hash)
	return &ledger.Raw{
		Stream: []byte(r.Stream), ID: []byte(r.ID), Kind: []byte(r.Kind), Actor: []byte(r.Actor), Service: []byte(r.Service),
		Environment: []byte(r.Environment), Body: r.Body, Seq: r.Seq, Fence: r.Fence, At: r.At.UnixMicro(), Prev: prev, Hash: hash,
	}
}

// chain is n records of a stream, with times, texts and fences of many lengths.
func chain(stream string, n int) []ledger.Record {
	var out []ledger.Record
	prev := ledger.ZeroHash
	for i := range n {
		e := ledger.Entry{
			ID: fmt.Sprint("id-", i*i*i), Kind: "a.b", Actor: "ünï@acme", At: time.Date(1, 1, 1, 0, 0, 0, 1000*i, time.UTC).AddDate(1500*i, i, 0),
			Body: []byte(fmt.Sprintf(`{"n":%*d}`, i, i)), Fence: uint64(i) << (9 * i % 60),
		}
		if i%2 == 0 {
			e.Service, e.Environment = "checkout", "production"
		}
		r := ledger.Seal(stream, uint64(i+1), prev, e)
		prev = r.Hash
		out = append(out, r)
	}
	return out
}

func TestChainsTakeWhatCheckTakes(t *testing.T) {
	t.Parallel()
	a, b := chain("a", 6), chain("b", 6)
	c := ledger.NewChains([]ledger.Head{{Stream: "a", Seq: 3, Hash: a[2].Hash}, {Stream: "b", Seq: 6, Hash: b[5].Hash}, {Stream: "c"}})
	for i := range a {
		for _, r := range []ledger.Record{a[i], b[i]} {
			if i == 5 && r.Stream == "b" && c.Done().Whole {
				t.Error("an anchored record has not come, and everything is whole")
			}
			if !c.Add(raw(r)) {
				t.Fatalf("%s#%d is refused", r.Stream, r.Seq)
			}
		}
	}
	if got, want := c.Done(), (ledger.Swept{Whole: true, Streams: 2, Records: 12}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestChainsRefuse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *ledger.Raw){
		"a stream":    func(r *ledger.Raw) { r.Stream = []byte("t") },
		"a number":    func(r *ledger.Raw) { r.Seq++ },
		"an id":       func(r *ledger.Raw) { r.ID = []byte("other") },
		"a kind":      func(r *ledger.Raw) { r.Kind = []byte("b.a") },
		"a time":      func(r *ledger.Raw) { r.At++ },
		"an actor":    func(r *ledger.Raw) { r.Actor = nil },
		"a service":   func(r *ledger.Raw) { r.Service, r.Environment = r.Environment, r.Service },
		"a fence":     func(r *ledger.Raw) { r.Fence++ },
		"a body":      func(r *ledger.Raw) { r.Body = append(r.Body, ' ') },
		"a link":      func(r *ledger.Raw) { r.Prev = make([]byte, 32) },
		"a hash":      func(r *ledger.Raw) { r.Hash = r.Prev },
		"no hash":     func(r *ledger.Raw) { r.Hash = nil },
		"its repeat":  func(r *ledger.Raw) { *r = *raw(chain("s", 2)[1]) },
		"another one": func(r *ledger.Raw) { *r = *raw(chain("s", 4)[3]) },
	} {
		records := chain("s", 3)
		c := ledger.NewChains(nil)
		if !c.Add(raw(records[0])) || !c.Add(raw(records[1])) {
			t.Fatal("what is whole is refused")
		}
		r := raw(records[2])
		change(r)
		if c.Add(r) {
			t.Errorf("%s: it is taken", name)
		}
	}
	records := chain("s", 1)
	for name, heads := range map[string][]ledger.Head{
		"another hash":    {{Stream: "s", Seq: 1, Hash: ledger.ZeroHash}},
		"two hashes":      {{Stream: "s", Seq: 1, Hash: records[0].Hash}, {Stream: "s", Seq: 1, Hash: ledger.ZeroHash}},
		"no hash at all":  {{Stream: "s", Seq: 1, Hash: "x"}},
		"what never came": {{Stream: "s", Seq: 2, Hash: records[0].Hash}},
	} {
		c := ledger.NewChains(heads)
		if c.Add(raw(records[0])) && c.Done().Whole {
			t.Errorf("%s is anchored, and everything is whole", name)
		}
	}
}

// sweeping is a ledger that says of itself what it is told to.
type sweeping struct {
	ledger.Ledger
	says     ledger.Swept
	err      error
	anchored []ledger.Head
	id       string
}

func (s *sweeping) Sweep(_ context.Context, anchored []ledger.Head) (ledger.Swept, error) {
	s.anchored = anchored
	return s.says, s.err
}

func (s *sweeping) ID(ctx context.Context) (string, error) {
	if s.id != "" {
		return s.id, nil
	}
	return s.Ledger.ID(ctx)
}

func TestVerifySweepsFirst(t *testing.T) {
	t.Parallel()
	l := mem.New(time.Unix(0, 0))
	if _, err := l.Append(t.Context(), "s", 0, ledger.Entry{ID: "1", Kind: "k", At: time.Unix(1, 0), Actor: "a", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Checkpoint(t.Context(), l, "me", time.Unix(2, 0)); err != nil {
		t.Fatal(err)
	}
	s := &sweeping{Ledger: l, says: ledger.Swept{Whole: true, Streams: 7, Records: 700}}
	report, err := ledger.Verify(t.Context(), s, ledger.VerifyOptions{})
	if err != nil || report.Streams != 7 || report.Total != 7 || report.Records != 700 || report.Checkpoints != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	if len(s.anchored) == 0 {
		t.Error("what the checkpoint anchors is not looked for")
	}
	s.says.Whole = false
	if report, err = ledger.Verify(t.Context(), s, ledger.VerifyOptions{}); err != nil || report.Records != 3 {
		t.Errorf("in doubt it reads: got %+v, %v", report, err)
	}
	s.says.Whole, s.id = true, "00000000-0000-0000-0000-000000000000"
	var corrupt *ledger.CorruptError
	if _, err = ledger.Verify(t.Context(), s, ledger.VerifyOptions{}); !errors.As(err, &corrupt) {
		t.Errorf("the ledger's id is another than its first record's: %v", err)
	}
	s.err = context.Canceled
	if _, err = ledger.Verify(t.Context(), s, ledger.VerifyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("it could not look: %v", err)
	}
}
