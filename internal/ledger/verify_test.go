package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// fill appends n records to a stream that has had ones numbered to after.
func fill(t *testing.T, l ledger.Ledger, stream string, after, n int) {
	t.Helper()
	for i := after; i < after+n; i++ {
		e := ledger.Entry{ID: fmt.Sprintf("e%d", i), Kind: "test.done", At: epoch.Add(time.Duration(i) * time.Second), Actor: "me", Body: fmt.Appendf(nil, `{"n":%d}`, i)}
		if _, err := l.Append(t.Context(), stream, uint64(i), e); err != nil {
			t.Fatal(err)
		}
	}
}

func checkpoint(t *testing.T, l ledger.Ledger) ledger.CheckpointBody {
	t.Helper()
	r, err := ledger.Checkpoint(t.Context(), l, "me", epoch)
	if err != nil {
		t.Fatal(err)
	}
	var body ledger.CheckpointBody
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestCheckpointsHoldWhatChanged(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	fill(t, l, "a", 0, 2)
	fill(t, l, "b", 0, 1)
	streams := func(b ledger.CheckpointBody) []string {
		var out []string
		for _, h := range b.Heads {
			out = append(out, fmt.Sprintf("%s %d", h.Stream, h.Seq))
		}
		return out
	}
	first := checkpoint(t, l)
	if diff := cmp.Diff([]string{"a 2", "b 1", "ledger 1"}, streams(first)); diff != "" || first.Streams != 3 || first.Records != 4 {
		t.Errorf("first: %+v %s", first, diff)
	}
	checkpoint(t, l)
	fill(t, l, "b", 1, 2)
	second := checkpoint(t, l)
	if diff := cmp.Diff([]string{"b 3"}, streams(second)); diff != "" || second.Streams != 3 || second.Records != 6 {
		t.Errorf("second: %+v %s", second, diff)
	}
	all, err := l.Read(t.Context(), ledger.CheckpointStream, 1)
	if err != nil || len(all) != 2 {
		t.Errorf("%d checkpoints, %v: one without anything new was written", len(all), err)
	}
}

func TestCheckpointsMeet(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	fill(t, l, "a", 0, 1)
	other := l.Handle()
	raced := false
	l.Fault = func(op string, phase mem.Phase) error {
		if op == "append" && phase == mem.Before && !raced {
			raced = true
			fill(t, other, "b", 0, 1)
			checkpoint(t, other)
			fill(t, other, "c", 0, 1)
		}
		return nil
	}
	body := checkpoint(t, l)
	if len(body.Heads) != 1 || body.Heads[0].Stream != "c" {
		t.Errorf("got %+v", body)
	}
}

// damaged is one way in which a ledger is not as it was written.
type damaged struct {
	name   string
	damage func(*mem.Ledger)
	stream string
	seq    uint64
	reason string
}

var damages = []damaged{
	{"a changed body", func(l *mem.Ledger) { l.Tamper("b", 2, func(r *ledger.Record) { r.Body = []byte(`{}`) }) }, "b", 2, "wrong hash"},
	{"a changed hash", func(l *mem.Ledger) { l.Tamper("b", 2, func(r *ledger.Record) { r.Hash = ledger.ZeroHash }) }, "b", 2, "wrong hash"},
	{"a record sealed again", func(l *mem.Ledger) {
		l.Tamper("b", 2, func(r *ledger.Record) { r.Actor = "you"; r.Hash = ledger.HashOf(*r) })
	}, "b", 3, "fork"},
	{"a last record sealed again", func(l *mem.Ledger) {
		l.Tamper("b", 3, func(r *ledger.Record) { r.Actor = "you"; r.Hash = ledger.HashOf(*r) })
	}, "b", 3, "fork"},
	{"a missing record", func(l *mem.Ledger) { l.Remove("b", 2) }, "b", 2, "gap"},
	{"a cut tail", func(l *mem.Ledger) { l.Cut("b", 1) }, "b", 2, "gap"},
	{"a stream cut off", func(l *mem.Ledger) { l.Cut("b", 0) }, "b", 1, "gap"},
	{"a changed checkpoint", func(l *mem.Ledger) {
		l.Tamper("checkpoint", 1, func(r *ledger.Record) { r.Body = []byte(`{"heads":[]}`) })
	}, "checkpoint", 1, "wrong hash"},
	{"the ledger's first record", func(l *mem.Ledger) { l.Cut("ledger", 0) }, "ledger", 1, "gap"},
	{"another's first record", func(l *mem.Ledger) {
		l.Tamper("ledger", 1, func(r *ledger.Record) { r.Body = []byte(`{"ledger":"other"}`); r.Hash = ledger.HashOf(*r) })
	}, "ledger", 1, "fork"},
}

func TestVerifyNamesTheRecord(t *testing.T) {
	t.Parallel()
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := mem.New(epoch)
			for _, stream := range []string{"a", "b", "c"} {
				fill(t, l, stream, 0, 3)
			}
			checkpoint(t, l)
			if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
				t.Fatalf("before the damage: %v", err)
			}
			c.damage(l)
			report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
			var corrupt *ledger.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Stream != c.stream || corrupt.Seq != c.seq || !strings.HasPrefix(corrupt.Reason, c.reason) {
				t.Errorf("got %v, want %s#%d: %s", err, c.stream, c.seq, c.reason)
			}
			if len(report.Problems) != 1 {
				t.Errorf("problems %v", report.Problems)
			}
		})
	}
}

func TestVerifyAgainstAnAnchor(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	if _, err := ledger.LastAnchor(t.Context(), l); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an anchor before there is one: %v", err)
	}
	fill(t, l, "a", 0, 3)
	checkpoint(t, l)
	fill(t, l, "a", 3, 3)
	checkpoint(t, l)
	anchor, err := ledger.LastAnchor(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(anchor)
	if err != nil {
		t.Fatal(err)
	}
	if anchor, err = ledger.ParseAnchor(raw); err != nil {
		t.Fatal(err)
	}
	report, err := ledger.VerifyAgainst(t.Context(), l, anchor, ledger.VerifyOptions{})
	if err != nil || report.Anchor != anchor || report.Checkpoints != 2 {
		t.Errorf("whole: %+v, %v", report, err)
	}
	if _, err := ledger.VerifyAgainst(t.Context(), mem.New(epoch), anchor, ledger.VerifyOptions{}); !errors.Is(err, ledger.ErrOtherLedger) {
		t.Errorf("another ledger: %v", err)
	}
	// Somebody cuts the tail and the checkpoint that saw it.
	l.Cut("a", 3)
	l.Cut(ledger.CheckpointStream, 1)
	if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
		t.Errorf("without the anchor nothing shows: %v", err)
	}
	_, err = ledger.VerifyAgainst(t.Context(), l, anchor, ledger.VerifyOptions{})
	var corrupt *ledger.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Stream != ledger.CheckpointStream || corrupt.Seq != 2 {
		t.Errorf("with it: %v", err)
	}
	for _, bad := range []string{``, `{}`, `{"ledger":"a","checkpoint":1,"hash":"12"}`, `{"ledger":"a","checkpoint":0,"hash":"` + ledger.ZeroHash + `"}`} {
		_, err := ledger.ParseAnchor([]byte(bad))
		check(t, err, "the JSON that a checkpoint printed")
	}
}

func TestVerifyProgress(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	fill(t, l, "a", 0, 2)
	var seen []string
	_, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{Progress: func(r ledger.Report) {
		seen = append(seen, fmt.Sprintf("%d of %d, %d records", r.Streams, r.Total, r.Records))
	}})
	if diff := cmp.Diff([]string{"1 of 2, 2 records", "2 of 2, 3 records"}, seen); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestVerifyThatCannotLookSaysSo(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	lost := errors.New("connection reset")
	for _, op := range []string{"id", "read"} {
		broken := l.Handle()
		broken.Fault = func(called string, _ mem.Phase) error {
			if called == op {
				return lost
			}
			return nil
		}
		report, err := ledger.Verify(t.Context(), broken, ledger.VerifyOptions{})
		if !errors.Is(err, lost) || len(report.Problems) != 0 {
			t.Errorf("%s: %v, %v", op, err, report.Problems)
		}
	}
}
