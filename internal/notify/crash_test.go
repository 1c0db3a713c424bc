package notify

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// TestWhatWasSentBeforeACrashIsSentAgainWithTheSameID fails the write of the cursor at
// each place where a process can die, and lets another go on.
func TestWhatWasSentBeforeACrashIsSentAgainWithTheSameID(t *testing.T) {
	for _, phase := range []mem.Phase{mem.Before, mem.After} {
		for at := 1; at <= 4; at++ {
			t.Run(fmt.Sprintf("%s %d", phase, at), func(t *testing.T) {
				w := newWorld(t)
				r := newReceiver(t)
				w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
				w.ship("checkout/production", 1)
				w.ship("search/production", 1)
				d := w.deliverer("first")
				dead := false
				handle := w.ledger.Handle()
				n := 0
				handle.Fault = func(op string, p mem.Phase) error {
					if op == "swap_lease" && p == phase {
						n++
						dead = dead || n == at
					}
					if dead {
						return errors.New("the process is dead")
					}
					return nil
				}
				d.Ledger = handle
				if _, err := d.Round(t.Context()); err == nil && n >= at {
					t.Fatal("nothing went wrong")
				}
				// Another process takes over once the lease has not changed for its time.
				other := w.deliverer("second")
				other.Patience = time.Minute
				w.round(other)
				atLeastOnce(t, w, r.taken())
			})
		}
	}
}

// atLeastOnce checks that every event that a notification of CDEvents' own types wants
// came, in the order of its stream, and repetitions are that.
func atLeastOnce(t *testing.T, w *world, taken []Event) {
	t.Helper()
	want := map[string][]string{}
	for _, e := range w.all() {
		if matches("dev.cdevents.*", string(unversioned(e.Type))) {
			stream := e.Data.CustomData.Record.Stream
			want[stream] = append(want[stream], e.ID)
		}
	}
	got := map[string][]string{}
	for _, e := range taken {
		stream := e.Data.CustomData.Record.Stream
		if !slices.Contains(got[stream], e.ID) {
			got[stream] = append(got[stream], e.ID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what came, without repetitions, is not what happened: %s", diff)
	}
}

// The environment of a child of TestNothingIsLostWhenDeliverersAreKilled.
const (
	childLedger = "SLUICE_TEST_NOTIFY_LEDGER"
	childName   = "SLUICE_TEST_NOTIFY_NAME"
)

// TestMain makes this binary a deliverer when a test has started it as one.
func TestMain(m *testing.M) {
	if url := os.Getenv(childLedger); url != "" {
		os.Exit(child(url))
	}
	os.Exit(m.Run())
}

// child delivers what is open, as a process of its own.
func child(url string) int {
	ctx, cancel := clockless(20 * time.Second)
	defer cancel()
	l, err := ledgers.Open(ctx, url, ledgers.Options{MustExist: true, Clock: clock.System{}})
	if err == nil {
		d := &Deliverer{
			Ledger: l, Clock: clock.System{}, Actor: "child@acme", Holder: os.Getenv(childName), LeaseTTL: 300 * time.Millisecond, Patience: 10 * time.Second,
		}
		_, err = d.Round(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestNothingIsLostWhenDeliverersAreKilled kills real processes with SIGKILL right
// after the receiver has taken an event, the first of a stream, one in its middle and
// one after the cursor of another was kept, and has two others at once deliver the rest.
func TestNothingIsLostWhenDeliverersAreKilled(t *testing.T) {
	s3test.Env(t.Setenv)
	store := s3test.Fake(t)
	for name, url := range map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "ledger.db"),
		"postgres": pgtest.Start(t).URL("postgres"),
		"s3":       store.URL(store.Bucket(t), "acme"),
	} {
		t.Run(name, func(t *testing.T) { killDeliverers(t, url) })
	}
}

func killDeliverers(t *testing.T, url string) {
	w := newWorld(t)
	w.on = opened(t, url, ledgers.Options{})
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	for i := 1; i <= 3; i++ {
		w.ship("checkout/production", i)
		w.ship("search/production", i)
	}
	var mu sync.Mutex
	var victim *os.Process
	left := 0
	r.answers(func(int, Event) int {
		mu.Lock()
		defer mu.Unlock()
		if left--; victim != nil && left <= 0 {
			_ = victim.Signal(syscall.SIGKILL) // It may have ended by itself.
			victim = nil
		}
		return 204
	})
	start := func(name string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childLedger+"="+url, childName+"="+name)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	killed := 0
	for i, after := range []int{1, 5, 9, 11} {
		mu.Lock()
		left = after
		cmd := start(fmt.Sprintf("victim %d", i))
		victim = cmd.Process
		mu.Unlock()
		if cmd.Wait() != nil {
			killed++
		}
	}
	if killed < 3 {
		t.Errorf("only %d of 4 were killed", killed)
	}
	// Two survivors at once.
	one, two := start("survivor 1"), start("survivor 2")
	if err := errors.Join(one.Wait(), two.Wait()); err != nil {
		t.Fatal(err)
	}
	atLeastOnce(t, w, r.taken())
	// A crash repeats what its process had sent of a stream, which has 9 events, before it kept
	// the cursor.
	if n := len(r.taken()); n > 18+1+5+9+9 {
		t.Errorf("%d deliveries of 18 events, with %d killed: more were repeated than a crash needs", n, killed)
	}
}

func TestTwoDeliverersDoNotDeliverTwice(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	for i := 1; i <= 3; i++ {
		w.ship("checkout/production", i)
	}
	second := w.deliverer("second")
	r.answers(func(n int, _ Event) int {
		if n == 0 {
			// While the first delivers, the second finds it busy.
			if reports, err := second.Round(t.Context()); err != nil || !reports[0].Busy {
				t.Errorf("%+v %v", reports, err)
			}
		}
		return 204
	})
	w.round(w.deliverer("first"))
	w.round(second)
	if got := r.got(); len(got) != 9 {
		t.Errorf("%d deliveries of 9 events: %v", len(got), got)
	}
}
