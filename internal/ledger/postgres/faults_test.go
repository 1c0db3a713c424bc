package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// wire stands between the driver and the server, and can swallow replies: what was
// sent is carried out, and nobody hears of it.
type wire struct {
	url   string
	deaf  atomic.Bool
	mu    sync.Mutex
	conns []net.Conn
}

func tap(t *testing.T, serverURL string) *wire {
	t.Helper()
	_, rest, _ := strings.Cut(serverURL, "host=")
	host, _, _ := strings.Cut(rest, "&")
	host = strings.ReplaceAll(host, "%2F", "/")
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{url: strings.Replace(serverURL, strings.ReplaceAll(host, "/", "%2F"), strings.ReplaceAll(dir, "/", "%2F"), 1)}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("unix", filepath.Join(host, ".s.PGSQL.5432"))
			if err != nil {
				_ = client.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, client, upstream)
			w.mu.Unlock()
			go w.pass(upstream, client, nil)
			go w.pass(client, upstream, &w.deaf)
		}
	}()
	return w
}

// pass copies from one side to the other, less what is swallowed. What is swallowed
// first ends the connection towards the client, as a cut cable does in the end.
func (w *wire) pass(to, from net.Conn, swallow *atomic.Bool) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || swallow != nil && swallow.Load() {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// cut ends all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// A reply that is lost after the commit leaves the outcome unknown, and the same
// append again finds the record, once.
func TestReplyLostAfterCommit(t *testing.T) {
	url, _ := server(t).Schema(t)
	direct := open(t, url, postgres.Options{})
	w := tap(t, url)
	l := open(t, w.url, postgres.Options{})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	w.deaf.Store(true)
	_, err := l.Append(t.Context(), "s", 1, entry(2))
	var conflict *ledger.ConflictError
	if err == nil || errors.As(err, &conflict) || errors.Is(err, ledger.ErrBusy) {
		t.Fatalf("a lost reply is not an unknown outcome: %v", err)
	}
	w.deaf.Store(false)
	again, err := l.Append(t.Context(), "s", 1, entry(2))
	if err != nil || again.Seq != 2 {
		t.Fatalf("again: %+v, %v", again, err)
	}
	if got, err := direct.Read(t.Context(), "s", 1); err != nil || len(got) != 2 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// A connection that was cut while nobody used it costs nothing: the next call takes
// another.
func TestCutConnections(t *testing.T) {
	url, _ := server(t).Schema(t)
	w := tap(t, url)
	l := open(t, w.url, postgres.Options{})
	for n := range 5 {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n+1)); err != nil {
			// The cut may be seen only when the statement was sent: then the outcome is
			// unknown, and the caller asks again.
			if _, err := l.Append(t.Context(), "s", uint64(n), entry(n+1)); err != nil {
				t.Fatal(err)
			}
		}
		w.cut()
	}
	if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != 5 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// A server that crashes and comes back under load loses nothing that was
// acknowledged, doubles nothing, and every chain holds.
func TestServerCrashesUnderLoad(t *testing.T) {
	s := pgtest.Start(t)
	l := open(t, s.URL("postgres"), postgres.Options{})
	const writers, each = 8, 40
	var done atomic.Int64
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			stream := fmt.Sprintf("s%d", w)
			for n := range each {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				for {
					_, err := l.Append(ctx, stream, uint64(n), entry(n+1))
					if err == nil {
						break
					}
					var conflict *ledger.ConflictError
					if errors.As(err, &conflict) || ctx.Err() != nil {
						t.Errorf("%s/%d: %v", stream, n, err)
						cancel()
						return
					}
				}
				cancel()
				done.Add(1)
			}
		})
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for _, mark := range []int64{writers * each / 4, writers * each / 2} {
		for done.Load() < mark && !t.Failed() {
			<-look.C // The writers are bounded, each by its context.
		}
		if err := errors.Join(s.Kill(), s.Run()); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err != nil || report.Records != writers*each+1 {
		t.Errorf("%d records, want %d: %v", report.Records, writers*each+1, err)
	}
}

// Whoever blocks the table is waited for no longer than stated.
func TestBusy(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	l := open(t, url, postgres.Options{BusyTimeout: 100 * time.Millisecond})
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // It only held a lock.
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE "+schema+".record IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("a locked table: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

// What the database says of a full disk is said in the port's words, and a
// transaction that lost against another is tried again.
func TestRefusals(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	l := open(t, url, postgres.Options{})
	trigger := func(code, when string) {
		pgtest.Exec(t, s.URL("postgres"), fmt.Sprintf(`CREATE SEQUENCE IF NOT EXISTS %[1]s.calls;
CREATE OR REPLACE FUNCTION %[1]s.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF nextval('%[1]s.calls') %[3]s THEN RAISE EXCEPTION 'no' USING ERRCODE = '%[2]s'; END IF; RETURN NEW; END $$;
DROP TRIGGER IF EXISTS refuse ON %[1]s.record;
CREATE TRIGGER refuse BEFORE INSERT ON %[1]s.record FOR EACH ROW EXECUTE FUNCTION %[1]s.refuse()`, schema, code, when))
	}
	trigger("53100", "> 0")
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a full disk: %v", err)
	}
	pgtest.Exec(t, s.URL("postgres"), "ALTER SEQUENCE "+schema+".calls RESTART")
	trigger("40001", "< 3")
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Errorf("two serialisation failures: %v", err)
	}
	pgtest.Exec(t, s.URL("postgres"), "ALTER SEQUENCE "+schema+".calls RESTART")
	trigger("40P01", "> 0")
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("a deadlock each time: %v", err)
	}
}
