package copying_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
)

func TestEstimate(t *testing.T) {
	s := copying.Sample{Streams: 10, Records: 1000, Bytes: 500_000, Took: time.Second}
	for name, c := range map[string]struct {
		records, streams uint64
		trip             time.Duration
		want             copying.Estimate
	}{
		"nothing more than the sample":     {1000, 10, 0, copying.Estimate{Bytes: 500_000, Took: 2 * time.Second}},
		"a hundred times the records":      {100_000, 10, 0, copying.Estimate{Bytes: 50_000_000, Took: 200 * time.Second}},
		"small streams cost by the stream": {10_000, 1000, 0, copying.Estimate{Bytes: 5_000_000, Took: 200 * time.Second}},
		"a destination that is far away":   {1000, 80, 100 * time.Millisecond, copying.Estimate{Bytes: 500_000, Took: 17 * time.Second}},
	} {
		if got := s.Estimate(c.records, c.streams, c.trip); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := (copying.Sample{}).Estimate(1000, 10, time.Second); got != (copying.Estimate{}) {
		t.Errorf("of no sample: %+v", got)
	}
}

// ticking is a clock that goes on by a second with each look.
type ticking struct{ *clock.Fake }

func (c ticking) Now() time.Time {
	c.Advance(time.Second)
	return c.Fake.Now()
}

// TestMeasure: it reads the ends of a part of the streams, and no more.
func TestMeasure(t *testing.T) {
	l := source(t, place(t))
	for n := range 40 {
		push(t, l, fmt.Sprintf("small/%02d", n), 0, entry(n))
	}
	for n := range 250 {
		push(t, l, "long", uint64(n), entry(n))
	}
	heads, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := copying.Measure(t.Context(), l, heads, ticking{clock.NewFake(epoch)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Streams != 16 || s.Took != time.Second || s.Records < 16 || s.Records > 215 || s.Bytes < 400*s.Records {
		t.Errorf("%+v", s)
	}
	only, err := copying.Measure(t.Context(), l, []ledger.Record{{Stream: "long", Seq: 250}}, ticking{clock.NewFake(epoch)})
	if err != nil || only.Records != 200 {
		t.Errorf("of a long stream %d records, %v", only.Records, err)
	}
}
