package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// killer ends a process when it asks a server for the n-th time, just before the server
// does it or just after.
type killer struct {
	mu    sync.Mutex
	n     int
	after bool
	cmd   *exec.Cmd
}

// aim is for the next process; 0 spares it.
func (k *killer) aim(cmd *exec.Cmd, n int, after bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cmd, k.n, k.after = cmd, n, after
}

// asked counts, and says whether the process is dead before this request and is to be
// killed after it.
func (k *killer) asked() (dead bool, kill func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n--; k.n != 0 {
		return false, func() {}
	}
	end := func() { _ = k.cmd.Process.Signal(syscall.SIGKILL) } // The test looks how it ended.
	if k.after {
		return false, end
	}
	end()
	return true, func() {}
}

// message is for PostgreSQL.
func (k *killer) message(int) pgtest.Fault {
	dead, kill := k.asked()
	kill()
	if dead {
		return pgtest.Cut
	}
	return pgtest.Pass
}

// request is for writes to S3.
func (k *killer) request(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.Method != http.MethodPut {
		next.ServeHTTP(w, r)
		return
	}
	dead, kill := k.asked()
	if dead {
		s3test.Cut(w, r, next)
		return
	}
	next.ServeHTTP(w, r)
	kill()
}

// copied is one move between two backends, of which one at least is a server.
type copied struct {
	from, to string
	// kills are the requests at which the first runs are killed.
	kills []int
}

// TestALedgerCopyThatIsKilled: sluice ledger copy is killed as a process, with what its
// drivers had under way, and whoever runs the same command again moves the ledger whole.
func TestALedgerCopyThatIsKilled(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	for _, c := range []copied{
		{"sqlite", "postgres", []int{60}}, {"postgres", "s3", []int{60, 40}}, {"s3", "sqlite", []int{5}},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			k := &killer{}
			place := func(backend string) string {
				switch backend {
				case "postgres":
					url, _ := server.Schema(t)
					w := pgtest.Tap(t, url)
					w.Strike(k.message)
					return w.URL
				case "s3":
					store := s3test.Fake(t)
					store.Before(k.request)
					return store.URL(store.Bucket(t), "acme")
				}
				return "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
			}
			from, to := place(c.from), place(c.to)
			want := stocked(t, from)
			for i, n := range c.kills {
				k.run(t, n, i%2 == 1, from, to)
				if l, err := all.Open(t.Context(), to, all.Options{ReadOnly: true}); !errors.Is(err, ledger.ErrUnfinished) && !errors.Is(err, ledger.ErrMissing) {
					t.Errorf("killed at request %d it is a ledger: %v", n, err)
					if err == nil {
						_ = l.Close()
					}
				}
			}
			k.run(t, 0, false, from, to)
			got := held(t, to)
			if len(got) < len(want) {
				t.Fatalf("%d streams of %d", len(got), len(want))
			}
			for stream, records := range want {
				if diff := cmp.Diff(records, got[stream][:min(len(got[stream]), len(records))]); diff != "" {
					t.Errorf("%s (-source +copy):\n%s", stream, diff)
				}
			}
		})
	}
}

// run copies in a process, kills it at the n-th request, or wants it to succeed.
func (k *killer) run(t *testing.T, n int, after bool, from, to string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(self, "ledger", "copy", "--from", from, "--to", to) //nolint:gosec,noctx // This test's own executable.
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Dir, cmd.Stderr, cmd.Stdout = t.TempDir(), &said, &said
	k.aim(cmd, n, after)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // It has ended.
	limit := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	err = cmd.Wait()
	killed := cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() //nolint:forcetypeassert // It is Unix.
	if killed != (n > 0) || n == 0 && (err != nil || !strings.Contains(said.String(), "each verified")) {
		t.Fatalf("to be killed at request %d: %v\n%s", n, err, said.String())
	}
}

// stocked makes a ledger with objects and a checkpoint, and returns what it holds.
func stocked(t *testing.T, url string) map[string][]ledger.Record {
	t.Helper()
	l, err := all.Open(t.Context(), url, all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n := range 12 {
		put := ledger.Put{Kind: "window", Name: fmt.Sprintf("w-%d", n), Actor: "kim@acme", At: at}
		for revision := range 1 + n%3 {
			put.Expected, put.Content = uint64(revision), fmt.Appendf(nil, `{"kind":"freeze","n":%d}`, revision)
			if _, err := ledger.PutObject(t.Context(), l, put); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := ledger.Checkpoint(t.Context(), l, "kim@acme", at); err != nil {
		t.Fatal(err)
	}
	return held(t, url)
}

// held is every record of a whole ledger.
func held(t *testing.T, url string) map[string][]ledger.Record {
	t.Helper()
	l, err := all.Open(t.Context(), url, all.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	heads, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]ledger.Record{}
	for _, h := range heads {
		if out[h.Stream], err = l.Read(t.Context(), h.Stream, 1); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
