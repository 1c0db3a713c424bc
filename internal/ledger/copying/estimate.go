package copying

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// How much is read to know how fast a source is: the ends of some streams.
const (
	sampleStreams = 16
	sampleRecords = 200
	// recordBytes is what a record has besides its body.
	recordBytes = 400
)

// Sample is what was read of a source to know its rate.
type Sample struct {
	Streams, Records, Bytes uint64
	Took                    time.Duration
}

// Estimate says what a copy will take, by a sample. It is no promise: the source is in
// use, and the destination was not written.
type Estimate struct {
	Bytes uint64
	Took  time.Duration
}

// Measure reads the ends of some streams, evenly chosen, as many at once as a copy does.
// heads are all of them.
func Measure(ctx context.Context, l ledger.Ledger, heads []ledger.Record, c clock.Clock) (Sample, error) {
	var (
		s  Sample
		mu sync.Mutex
	)
	start := c.Now()
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(streams)
	for _, h := range spread(heads, sampleStreams) {
		all.Go(func() error {
			from := uint64(1)
			if h.Seq > sampleRecords {
				from = h.Seq - sampleRecords + 1
			}
			records, err := l.Read(each, h.Stream, from)
			mu.Lock()
			defer mu.Unlock()
			s.Streams++
			for _, r := range records {
				s.Records++
				s.Bytes += uint64(len(r.Body)) + recordBytes
			}
			return err
		})
	}
	err := all.Wait()
	s.Took = c.Now().Sub(start)
	return s, err
}

// spread takes n of the list, evenly.
func spread(list []ledger.Record, n int) []ledger.Record {
	if len(list) <= n {
		return list
	}
	out := make([]ledger.Record, 0, n)
	for i := range n {
		out = append(out, list[i*len(list)/n])
	}
	return slices.Clip(out)
}

// Estimate is for a copy of that many streams and records, to a place whose round trip
// is trip. Everything is read twice, by the copy and by whoever verifies it, which is
// taken to be as fast; each batch waits for the destination at least once.
func (s Sample) Estimate(records, streamCount uint64, trip time.Duration) Estimate {
	if s.Records == 0 {
		return Estimate{}
	}
	share := float64(records) / float64(s.Records)
	e := Estimate{Bytes: uint64(float64(s.Bytes) * share)}
	// Many small streams cost by the stream, long ones by the record.
	read := float64(s.Took) * max(share, float64(streamCount)/float64(s.Streams))
	batches := float64(max(streamCount, records/defaultBatch))
	e.Took = time.Duration(2*read + batches*float64(trip)/streams)
	return e
}
