package client

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// mute is the URL of a server that takes connections, which are counted, and never answers.
func mute(t *testing.T) (url string, taken *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			taken.Add(1)
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return "postgres://ci@" + listener.Addr().String() + "/x?sslmode=disable&connect_timeout=2", taken
}

// TestALookDoesNotWaitForALedgerThatIsSlow: what stands behind it may be a rollback. It says
// nothing then, and goes on: who needs the ledger waits for the same attempt, and all who ask
// at once have one answer.
func TestALookDoesNotWaitForALedgerThatIsSlow(t *testing.T) {
	url, taken := mute(t)
	c := &Client{World: World{Clock: clock.System{}, Patience: 20 * time.Millisecond}, URL: url}
	start := c.Clock.Now()
	cautions, err := c.Look(t.Context())
	if took := c.Clock.Now().Sub(start); err != nil || len(cautions) != 0 || took > 1500*time.Millisecond {
		t.Errorf("after %s: %v, %v", took, cautions, err)
	}
	before := taken.Load()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := c.Existing(t.Context())
			var place *ledger.PlaceError
			if err == nil || errors.As(err, &place) {
				t.Errorf("a ledger that is slow: %v", err)
			}
		})
	}
	all.Wait()
	if after := taken.Load(); after != before && after != before+1 {
		t.Errorf("%d connections more for 20 who waited", after-before)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Existing(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("who was stopped waits: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestALookSaysWhatOnlyAPersonCanChange, and leaves files alone.
func TestALookSaysWhatOnlyAPersonCanChange(t *testing.T) {
	world := World{Clock: clock.System{}, Patience: time.Minute}
	var place *ledger.PlaceError
	if _, err := (&Client{World: world, URL: "postgres://ci@127.0.0.1:1/x?sslmode=disable"}).Look(t.Context()); !errors.As(err, &place) {
		t.Errorf("nobody there: %v", err)
	}
	file := filepath.Join(t.TempDir(), "ledger.db")
	for name, c := range map[string]*Client{
		"a file that is not there":  {World: world, URL: "sqlite:" + file},
		"a block that is not known": {World: world, Unknown: true, URL: "postgres://ci@127.0.0.1:1/x"},
	} {
		if cautions, err := c.Look(t.Context()); err != nil || cautions != nil {
			t.Errorf("%s: %v, %v", name, cautions, err)
		}
	}
}
