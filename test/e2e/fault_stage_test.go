package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// stage is a lab with live traffic, a ledger and a metric store, in all of which
// something can be made to go wrong in the middle of a rollout.
type stage struct {
	*testing.T
	lab    *labtest.Lab
	store  *store
	ledger *eye
	path   string
	engine *release.Engine
	clock  *skewed
	// old serves when the test begins, and wish is to be released.
	old, wish artifact.Payload
	spec      release.Spec
}

func newStage(t *testing.T) *stage {
	s := &stage{T: t, path: filepath.Join(t.TempDir(), "ledger.db"), clock: &skewed{}}
	s.lab = labtest.Start(t, lab.Config{Traffic: 300})
	s.store = newStore(t, s.lab)
	s.ledger = &eye{Ledger: s.open(sqlite.Options{BusyTimeout: 300 * time.Millisecond})}
	s.engine = newEngine(t, s.ledger)
	s.engine.Clock, s.engine.CallTimeout = s.clock, 2*time.Second
	s.old = s.lab.Artifact(service.Descriptor{Version: "1.0.0"})
	s.wish = s.lab.Artifact(service.Descriptor{Version: "1.1.0"})
	s.spec = spec(t, s.lab, s.old)
	s.spec.Signals = withURL(s.spec.Signals, s.store.url)
	s.spec.Strategy.Bake = field.Duration(200 * time.Millisecond)
	if _, err := s.ship(); err != nil {
		t.Fatal(explained(err, s.old))
	}
	s.spec.Payload = s.wish
	return s
}

// open opens the ledger once more.
func (s *stage) open(opts sqlite.Options) ledger.Ledger {
	s.Helper()
	l, err := sqlite.Open(s.Context(), s.path, opts)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = l.Close() })
	return l
}

// worse makes the wish an artifact that fails a third of its requests.
func (s *stage) worse() {
	s.wish = s.lab.Artifact(service.Descriptor{Version: "1.2.0", ErrorRate: 0.3})
	s.spec.Payload = s.wish
}

func (s *stage) ship() (release.Outcome, error) {
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	return s.engine.Ship(ctx, release.ShipRequest{Spec: s.spec, Owner: owner})
}

// sql changes the ledger's file behind everybody's back.
func (s *stage) sql(statement string) {
	s.Helper()
	db, err := sql.Open("sqlite", s.path)
	if err == nil {
		_, err = db.ExecContext(s.Context(), statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		s.Error(err)
	}
}

// lock takes the right to write the ledger until the function returned is called.
func (s *stage) lock() func() {
	s.Helper()
	db, err := sql.Open("sqlite", s.path+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		s.Error(err)
		return func() {}
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		s.Error(err)
		return func() { _ = db.Close() }
	}
	return sync.OnceFunc(func() { _ = errors.Join(tx.Rollback(), db.Close()) })
}

// at calls do once, as soon as a record of the kind stands whose body has text in
// it, and before the driver goes on.
func (s *stage) at(kind, text string, do func()) {
	once := sync.OnceFunc(do)
	s.ledger.watch(func(rec ledger.Record) {
		if rec.Kind == kind && strings.Contains(string(rec.Body), text) {
			once()
		}
	})
}

// canary is the record of the moment at which the first weight stands.
const canary = "/apply/0/"

// serves holds what the lab serves against what the ledger says, and against what
// is wanted: the payload alone.
func (s *stage) serves(want artifact.Payload) {
	s.Helper()
	h := s.history()
	if open := h.Open(); open != nil {
		s.Errorf("rollout %d is open: %s", open.Number, open.State)
	}
	obs := s.lab.Status().Observation
	if !h.Serving().Same(want) || shareOf(obs, want) != 100 {
		s.Errorf("the ledger says %s, and the lab has %s at %g %%; want %s", h.Serving().Label(), want.Label(), shareOf(obs, want), want.Label())
	}
}

// stands wants the rollout to be open and the lab to be where the ledger has it.
func (s *stage) stands(weight float64) {
	s.Helper()
	open, obs := s.history().Open(), s.lab.Status().Observation
	if open == nil {
		s.Fatal("no rollout is open")
	}
	if got := shareOf(obs, s.wish); got != weight || open.Weight != weight {
		s.Errorf("the lab has %g %%, the ledger %g %%; want %g %%", got, open.Weight, weight)
	}
}

// history folds what really stands in the file.
func (s *stage) history() *release.History {
	s.Helper()
	h, err := release.Fold(checkout, records(s.T, s.ledger.Ledger, 0))
	if err != nil {
		s.Fatal(err)
	}
	return h
}

// says wants every part in a text, as it stands, whatever the layout.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, part := range parts {
		if !strings.Contains(flat, part) {
			t.Errorf("the message does not say %q:\n%s", part, text)
		}
	}
}

// eye is a ledger that somebody watches, and that can be made to fail.
type eye struct {
	ledger.Ledger
	mu    sync.Mutex
	after []func(ledger.Record)
	// instead is what the writes go to, where that is another handle.
	instead ledger.Ledger
	fails   error
}

func (e *eye) watch(f func(ledger.Record)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.after = append(e.after, f)
}

func (e *eye) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails = err
}

func (e *eye) writeTo(l ledger.Ledger) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.instead = l
}

// writer gives what a write goes to now, or the error that it gets.
func (e *eye) writer() (ledger.Ledger, []func(ledger.Record), error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.instead != nil {
		return e.instead, e.after, e.fails
	}
	return e.Ledger, e.after, e.fails
}

// Append implements ledger.Ledger.
func (e *eye) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	l, watchers, err := e.writer()
	if err != nil {
		return ledger.Record{}, err
	}
	rec, err := l.Append(ctx, stream, after, entry)
	if err == nil {
		for _, f := range watchers {
			f(rec)
		}
	}
	return rec, err
}

// SwapLease implements ledger.Ledger.
func (e *eye) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	l, _, err := e.writer()
	if err != nil {
		return err
	}
	return l.SwapLease(ctx, current, next)
}

// skewed is the machine's clock, which somebody sets back.
type skewed struct {
	clock.System
	mu   sync.Mutex
	back time.Duration
}

func (c *skewed) set(back time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.back = back
}

// Now implements clock.Clock. It has no monotonic reading, as after a suspend.
func (c *skewed) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.System.Now().Add(-c.back).Round(0)
}

// store is a metric store: what the lab says, or what somebody makes of it.
type store struct {
	url string
	lab *labtest.Lab
	mu  sync.Mutex
	do  func(w http.ResponseWriter, page string)
}

func newStore(t *testing.T, l *labtest.Lab) *store {
	s := &store{lab: l}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// act changes what the store does; nil makes it honest again.
func (s *store) act(do func(w http.ResponseWriter, page string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.do = do
}

func (s *store) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	do := s.do
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.lab.Metrics, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }() // Read to its end.
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if do != nil {
		do(w, string(page))
		return
	}
	_, _ = fmt.Fprint(w, string(page)) // A reader that has gone needs no answer.
}

// interruptible is a context that the function returned ends as Ctrl-C does.
func interruptible(t *testing.T) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	return ctx, func() { cancel(errors.New("interrupt")) }
}

// recorded wants some record of the last rollout to say each of the parts.
func (s *stage) recorded(parts ...string) {
	s.Helper()
	var b strings.Builder
	for _, rec := range records(s.T, s.ledger.Ledger, 0) {
		fmt.Fprintf(&b, "%s %s\n", rec.Kind, rec.Body)
	}
	for _, part := range parts {
		if !strings.Contains(b.String(), part) {
			s.Errorf("no record says %q:\n%s", part, s.way())
		}
	}
}

// way tells the records of the last rollout, and what went wrong in it.
func (s *stage) way() string {
	var b strings.Builder
	for _, rec := range records(s.T, s.ledger.Ledger, 0) {
		switch {
		case rec.Kind == release.KindOpened:
			b.Reset()
		case rec.Kind == release.KindTick:
			var tick release.TickBody
			decode(s.T, rec, &tick)
			fmt.Fprintf(&b, "%s at %g %%: %v %v\n", rec.Kind, tick.Weight, tick.Problems, tick.Missing)
		default:
			fmt.Fprintf(&b, "%s %.300s\n", rec.Kind, rec.Body)
		}
	}
	return b.String()
}

// withURL gives the signals another place to read from.
func withURL(signals map[string]signal.Config, url string) map[string]signal.Config {
	out := map[string]signal.Config{}
	for name, c := range signals {
		c.Config = fmt.Appendf(nil, `{"url":%q,"preset":"lab"}`, url)
		out[name] = c
	}
	return out
}
