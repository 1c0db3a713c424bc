package release_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// move is a ledger that is moved in the middle of a rollout, as sluice ledger copy does.
type move struct {
	*world
	t        *testing.T
	from, to *sqlite.Ledger
	// spool is that of the machine of the old driver.
	spool string
}

func newMove(t *testing.T) *move {
	t.Helper()
	m := &move{world: upgrade(t), t: t, spool: t.TempDir()}
	m.from = m.open("from.db", "")
	return m
}

func (m *move) open(name, copyOf string) *sqlite.Ledger {
	m.t.Helper()
	if name == "from.db" || copyOf != "" {
		name = filepath.Join(m.t.TempDir(), name)
	}
	l, err := sqlite.Open(m.t.Context(), name, sqlite.Options{CopyOf: copyOf, Clock: m.clock})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = l.Close() })
	return l
}

// copy moves the ledger.
func (m *move) copy() {
	m.t.Helper()
	id, err := m.from.ID(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	m.to = m.open("to.db", id)
	c := copying.Copy{From: m.from, To: m.to, FromPlace: "sqlite:from.db", ToPlace: "sqlite:to.db", Actor: "kim@acme", Clock: m.clock}
	if _, err := c.Run(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
}

// old is the agent that nobody has told of the move.
func (m *move) old() *release.Engine {
	e := m.engine("old", nil)
	e.Ledger, e.SpoolDir, e.Steady, e.Memory = m.from, m.spool, true, &release.Memory{}
	return e
}

func (m *move) next(spool string) *release.Engine {
	e := m.engine("next", nil)
	e.Ledger, e.SpoolDir = m.to, spool
	return e
}

// history is what the new ledger knows.
func (m *move) history() *release.History {
	m.t.Helper()
	records, err := m.to.Read(m.t.Context(), key.Stream(), 1)
	if err != nil {
		m.t.Fatal(err)
	}
	h, err := release.Fold(key, records)
	if err != nil {
		m.t.Fatal(err)
	}
	return h
}

// wantNoMore fails where the new artifact was given traffic since a number of changes.
func (m *move) wantNoMore(since int) {
	m.t.Helper()
	for _, c := range m.changes[since:] {
		if c.verb == "apply" || c.verb == "complete" {
			m.t.Errorf("a step forward: %+v", c)
		}
	}
}

// Once the new driver has touched the target, the old one is refused there; what it saw
// is not lost.
func TestAMovedLedgersOldDriverIsRefusedByTheTarget(t *testing.T) {
	m := newMove(t)
	e := m.old()
	begin(t, e, patient(good))
	m.clock.after(40*time.Second, m.copy)
	m.clock.after(50*time.Second, func() {
		next := m.next(t.TempDir())
		ctx, leave := context.WithCancel(t.Context())
		next.Hooks.Recorded = func(r release.Recorded) {
			if m.share(good) == 50 && r.Kind == release.KindTick {
				leave()
			}
		}
		if out, err := next.DriveFor(ctx, key, release.Stay{}); out.Result != release.Underway {
			t.Errorf("%s, %v", out.Result, err)
		}
		if m.share(good) != 50 {
			t.Fatalf("the new driver left it at %g %%", m.share(good))
		}
		m.health[good.Key()] = target.Unhealthy
	})
	_, err := e.DriveFor(t.Context(), key, release.Stay{})
	if err == nil || !strings.Contains(err.Error(), string(target.CodeStaleFence)) || m.share(good) != 50 {
		t.Fatalf("%v; %g %% on the new artifact", err, m.share(good))
	}
	if _, err := e.DriveFor(t.Context(), key, release.Stay{}); err == nil || m.share(good) != 50 {
		t.Errorf("again: %v; %g %%", err, m.share(good))
	}
	before := len(m.changes)
	out, err := m.next(m.spool).DriveFor(t.Context(), key, release.Stay{})
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, m.world, old)
	m.wantNoMore(before)
}

// Before that, the old driver's revert is right: it ends at the old artifact, and the new
// driver sees that the target is not where the record left it.
func TestAMovedLedgersOldDriverGoesBackAndTheNewOneSeesIt(t *testing.T) {
	for name, sameMachine := range map[string]bool{"on the same machine": true, "on another machine": false} {
		t.Run(name, func(t *testing.T) {
			m := newMove(t)
			e := m.old()
			begin(t, e, patient(good))
			var sealedAt, writes int
			m.clock.after(40*time.Second, func() { m.copy(); sealedAt, writes = len(m.changes), m.writes })
			m.clock.after(2*time.Minute, func() {
				if len(m.changes) != sealedAt || m.writes > writes+1 {
					t.Errorf("%d changes and %d writes behind the seal", len(m.changes)-sealedAt, m.writes-writes)
				}
				m.health[good.Key()] = target.Unhealthy
			})
			out, err := e.DriveFor(t.Context(), key, release.Stay{})
			wantEnd(t, out, err, release.WentBack)
			wantServing(t, m.world, old)
			if r := m.history().Open(); r == nil || r.State.GoingBack() {
				t.Fatalf("the new ledger knows of the revert already: %v", brief(r))
			}

			spool, before := t.TempDir(), len(m.changes)
			if sameMachine {
				spool = m.spool
			}
			m.health = map[string]target.Health{}
			ctx, leave := context.WithCancel(t.Context())
			m.clock.after(10*time.Minute, leave)
			_, err = m.next(spool).DriveFor(ctx, key, release.Stay{})
			wantServing(t, m.world, old)
			m.wantNoMore(before)
			last := m.history().Last()
			if sameMachine && (last.State != release.RolledBack || last.Cause != release.CauseUnhealthy) {
				t.Errorf("%v: %v", err, brief(last))
			}
			if !sameMachine && last.Cause != release.CauseDiverged && last.Cause != release.CauseDeadMan {
				t.Errorf("%v: %v", err, brief(last))
			}
		})
	}
}

// Where somebody has driven on, the old driver judges nothing: what it would count is
// about another artifact, or another share.
func TestAMovedLedgersOldDriverDoesNotJudgeWhatAnotherDrives(t *testing.T) {
	m := newMove(t)
	e := m.old()
	begin(t, e, patient(good))
	m.clock.after(40*time.Second, m.copy)
	m.clock.after(50*time.Second, func() {
		out, err := m.next(t.TempDir()).DriveFor(t.Context(), key, release.Stay{})
		wantEnd(t, out, err, release.Shipped)
		m.failing[bad.Key()] = 0.9
		ctx, leave := context.WithCancel(t.Context())
		next := m.next(t.TempDir())
		next.Hooks.Recorded = func(release.Recorded) {
			if m.share(bad) > 0 {
				leave()
			}
		}
		_, _ = next.Ship(ctx, patient(bad))
		if m.share(bad) != 10 {
			t.Fatalf("the next artifact gets %g %%", m.share(bad))
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	m.clock.after(8*time.Minute, leave)
	_, err := e.DriveFor(ctx, key, release.Stay{})
	if m.share(bad) != 10 {
		t.Errorf("the next artifact gets %g %%", m.share(bad))
	}
	var sealed *ledger.SealedError
	if !errors.As(err, &sealed) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
