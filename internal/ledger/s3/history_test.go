package s3_test

import (
	"context"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// Whatever strikes between the driver and the store, the answers are those of a ledger
// that does one thing at a time.
func TestHistoriesUnderFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		weather  s3test.Around
		patience time.Duration
		// busy is how long the driver asks again.
		busy time.Duration
		// known is true where every outcome is, open where some stay unknown, and refused
		// where the store refuses for too long.
		known, open, refused bool
	}{
		{name: "connections cut before the write", weather: s3test.Weather(1, 6, s3test.Cut), busy: time.Minute, known: true},
		{name: "replies lost after the write", weather: s3test.Weather(2, 6, s3test.Deaf), busy: time.Minute, known: true},
		{name: "errors before and after the write", weather: s3test.Weather(3, 6, s3test.Internal, s3test.After(s3test.Internal)), busy: time.Minute, known: true},
		{name: "throttling", weather: s3test.Weather(4, 4, s3test.SlowDown), busy: time.Minute, known: true},
		{name: "throttling for longer than one waits", weather: s3test.Weather(5, 4, s3test.SlowDown), busy: time.Millisecond, refused: true},
		{name: "replies lost for longer than one asks", weather: s3test.Weather(6, 6, s3test.Deaf), busy: time.Millisecond, open: true},
		{name: "time-outs", weather: s3test.Weather(7, 6, s3test.Slow, s3test.Late), patience: s3test.SlowFor / 2, open: true},
		{name: "a full store", weather: s3test.Weather(8, 6, s3test.Refuse(507, "XMinioStorageFull", "It is full.")), busy: time.Minute, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := s3test.Fake(t)
			url := s.URL(s.Bucket(t), "acme")
			direct := open(t, url, s3.Options{})
			handles := [2]*s3.Ledger{}
			for i := range handles {
				handles[i] = open(t, url, s3.Options{MustExist: true, BusyTimeout: c.busy})
				s3.SetLimits(handles[i], 5, 1<<20, 2)
				// The store is proved before it rains.
				if _, err := handles[i].Append(t.Context(), "dry", uint64(i), entry(i)); err != nil {
					t.Fatal(err)
				}
			}
			s.Before(c.weather)
			storm := history.Storm{Seed: 17, Clients: 4, Each: 25, Groups: 2, Patience: c.patience}
			ops, err := storm.Run(t.Context(), func(i int) ledger.Ledger { return handles[i%2] }, calm(s, direct))
			if err != nil {
				t.Fatal(err)
			}
			report, err := history.Check(ops, 2*time.Minute)
			if err != nil {
				t.Error(err)
			}
			if _, err := ledger.Verify(t.Context(), direct, ledger.VerifyOptions{}); err != nil {
				t.Errorf("verify: %v", err)
			}
			refused := 0
			for _, o := range ops {
				if o.Reply != nil && o.Reply.Kind == history.Refused {
					refused++
				}
			}
			if c.known && report.Open > 0 || c.open && report.Open == 0 || c.refused && refused == 0 {
				t.Errorf("%+v, %d refused", report, refused)
			}
			t.Logf("%+v, %d refused", report, refused)
		})
	}
}

// calm ends the weather when it is first used.
func calm(s *s3test.Server, l ledger.Ledger) ledger.Ledger { return calmed{l, s} }

type calmed struct {
	ledger.Ledger
	server *s3test.Server
}

func (c calmed) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	c.server.Before(nil)
	return c.Ledger.Read(ctx, stream, from)
}
