package copying_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// everyCut has a copy cut at each request instead of at some: "make proof" gives it.
var everyCut = flag.Bool("every-cut", false, "cut the copies between backends at each request")

// cuts is how many places a copy is cut at otherwise, in turn before the request was
// carried out and after.
const cuts = 2

// line is what a copy talks to its backends through, until the fuse has burnt: then
// nothing more gets through and the copy's context ends, as its process would.
type line struct {
	fuse
	die context.CancelFunc
}

// wired makes a place of a backend and the way to it through the line, whose URL is
// the same while the line is dead and after.
func (l *line) wired(t *testing.T, backend string) string {
	t.Helper()
	switch backend {
	case "postgres":
		url, _ := postgresServer(t).Schema(t)
		w := pgtest.Tap(t, url)
		w.Strike(l.message)
		return w.URL
	case "s3":
		store := s3test.Fake(t)
		store.Before(l.request)
		return store.URL(store.Bucket(t), "acme")
	}
	return place(t)
}

// message is for PostgreSQL: each message of the client counts.
func (l *line) message(int) pgtest.Fault {
	switch n := l.left.Add(-1); {
	case n > 0:
		return pgtest.Pass
	case n == 0 && l.after:
		l.die()
		return pgtest.Deaf
	default:
		l.die()
		return pgtest.Cut
	}
}

// request is for S3: each write counts.
func (l *line) request(w http.ResponseWriter, r *http.Request, next http.Handler) {
	n := l.left.Load()
	if r.Method == http.MethodPut {
		n = l.left.Add(-1)
	}
	switch {
	case n > 0:
		next.ServeHTTP(w, r)
	case n == 0 && l.after && r.Method == http.MethodPut:
		s3test.Deaf(w, r, next)
		l.die()
	default:
		l.die()
		s3test.Cut(w, r, next)
	}
}

// whole is a fuse that does not burn within a test.
const whole = 1 << 40

// cut copies from one backend to another until the line dies at its n-th request, and
// then again without. It returns how many requests the first took.
func cut(t *testing.T, from, to string, n int64, after bool) int64 {
	t.Helper()
	ctx, die := context.WithCancel(t.Context())
	defer die()
	l := &line{die: die}
	l.after = after
	l.left.Store(whole)
	a, b := l.wired(t, from), l.wired(t, to)
	s := source(t, a)
	fill(t, s)
	id := idOf(t, s)
	l.left.Store(n)
	res, err := l.first(ctx, a, b, id)
	took := n - l.left.Load()
	if err != nil && ctx.Err() == nil {
		t.Fatalf("not cut, and yet: %v", err)
	}
	l.left.Store(whole)
	if err != nil {
		if res, err = move(t, a, b).Run(t.Context()); err != nil {
			t.Fatalf("the run after: %v", err)
		}
	}
	moved(t, a, b, res)
	return took
}

// first is the copy that is cut, from its first look at the destination on.
func (l *line) first(ctx context.Context, from, to, id string) (res copying.Result, err error) {
	a, err := all.Open(ctx, from, all.Options{MustExist: true})
	if err != nil {
		return res, err
	}
	defer func() { _ = a.Close() }()
	b, err := all.Open(ctx, to, all.Options{CopyOf: id})
	if err != nil {
		return res, err
	}
	defer func() { _ = b.Close() }()
	c := &copying.Copy{
		From: a.(ledger.Source), To: b.(ledger.Destination), FromPlace: from, ToPlace: to, //nolint:forcetypeassert // Every driver is both.
		Actor: "kim@acme", Clock: clock.NewFake(epoch.Add(time.Hour)), Batch: 3,
	}
	// A file has no line that could be cut.
	if from[:2] == "sq" {
		c.From = dyingSource{c.From, &l.fuse}
	}
	if to[:2] == "sq" {
		c.To = dyingDestination{c.To, &l.fuse}
	}
	res, err = c.Run(ctx)
	if errors.Is(err, errKilled) {
		l.die()
	}
	return res, err
}

// TestCutShortBetweenBackends: a copy whose process dies at any request to a server,
// before it was carried out or after, with all that a driver makes of one change, is
// taken up by the next and brought to its end.
func TestCutShortBetweenBackends(t *testing.T) {
	for _, pair := range [][2]string{{"sqlite", "postgres"}, {"postgres", "s3"}, {"s3", "sqlite"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			total := cut(t, pair[0], pair[1], whole, false)
			places := int64(cuts)
			if *everyCut {
				places = 2 * total
			}
			for i := range places {
				// Of two, one is in the middle and one near the end, where the source is sealed.
				n, after := (i+1)*total/(places+1)+total/4, i%2 == 1
				if *everyCut {
					n = 1 + i/2
				}
				t.Run(fmt.Sprintf("%d of %d, carried out %t", n, total, after), func(t *testing.T) { cut(t, pair[0], pair[1], n, after) })
			}
			if total < 25 {
				t.Errorf("a copy has %d requests", total)
			}
		})
	}
}
