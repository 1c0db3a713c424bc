package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// caughtUp is true on the primary once every replica has all that there is.
const caughtUp = "SELECT count(*) > 0 AND bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication"

// patience is what a test waits for a commit that must not come.
const patience = 300 * time.Millisecond

// A primary and its real replicas, from a base backup on, in the order of their life: both
// are asked, one is behind, commits wait for it, the primary dies, the replica takes over.
func TestReplica(t *testing.T) {
	primary := pgtest.Start(t)
	// Whoever writes is nobody special.
	pgtest.Exec(t, primary.URL("postgres"), "CREATE ROLE ci LOGIN IN ROLE pg_monitor; GRANT CREATE ON DATABASE postgres TO ci")
	l := open(t, primary.URLAs("ci", "postgres"), postgres.Options{})
	appended(t, l, "early", 1)
	late := primary.Standby(t, "late")
	replica := primary.Standby(t, "replica")
	appended(t, l, "early", 2)
	primary.Wait(t, caughtUp)
	if err := late.Stop(); err != nil {
		t.Fatal(err)
	}
	// Each stands on what the one before has left.
	if !t.Run("it is read, and refuses to be written to", func(t *testing.T) { refusesWrites(t, replica) }) ||
		!t.Run("how far it is behind is told", func(t *testing.T) { tellsItsLag(t, l, primary, replica) }) ||
		!t.Run("no commit is told before it has it", func(t *testing.T) { waitsForTheReplica(t, l, primary, replica) }) {
		return
	}
	anchor := anchored(t, l)
	acknowledged := dies(t, l, primary)

	t.Run("promoted, it has all that was acknowledged", func(t *testing.T) {
		replica.Promote(t)
		after := open(t, replica.URL("postgres"), postgres.Options{MustExist: true})
		for stream, n := range acknowledged {
			got, err := after.Read(t.Context(), stream, 1)
			if err != nil || len(got) < n {
				t.Errorf("%s: %d records of %d, %v", stream, len(got), n, err)
			}
		}
		if _, err := ledger.VerifyAgainst(t.Context(), after, anchor, ledger.VerifyOptions{}); err != nil {
			t.Errorf("verify: %v", err)
		}
		appended(t, after, "early", 5)
	})
	t.Run("one that was behind is told by the anchor", func(t *testing.T) {
		if err := late.Run(); err != nil {
			t.Fatal(err)
		}
		late.Promote(t)
		after := open(t, late.URL("postgres"), postgres.Options{MustExist: true})
		if _, err := ledger.Verify(t.Context(), after, ledger.VerifyOptions{}); err != nil {
			t.Errorf("it is not whole by itself: %v", err)
		}
		_, err := ledger.VerifyAgainst(t.Context(), after, anchor, ledger.VerifyOptions{})
		var corrupt *ledger.CorruptError
		if !errors.As(err, &corrupt) {
			t.Errorf("what it lacks does not show: %v", err)
		}
	})
}

// appended writes the record of that number to a stream.
func appended(t *testing.T, l *postgres.Ledger, stream string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := l.Append(ctx, stream, uint64(n-1), entry(n)); err != nil {
		t.Fatal(err)
	}
}

func anchored(t *testing.T, l *postgres.Ledger) ledger.Anchor {
	t.Helper()
	if _, err := ledger.Checkpoint(t.Context(), l, "kim@acme", epoch); err != nil {
		t.Fatal(err)
	}
	anchor, err := ledger.LastAnchor(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return anchor
}

func refusesWrites(t *testing.T, replica *pgtest.Server) {
	l := open(t, replica.URL("postgres"), postgres.Options{})
	if got, err := l.Read(t.Context(), "early", 1); err != nil || len(got) != 2 {
		t.Errorf("%d records, %v", len(got), err)
	}
	if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
		t.Errorf("verify: %v", err)
	}
	if got := l.Cautions(t.Context()); len(got) != 1 || !strings.Contains(got[0].Value, "is a replica") {
		t.Errorf("the cautions are %+v", got)
	}
	for name, refused := range map[string]func() error{
		"an append": func() error { _, err := l.Append(t.Context(), "early", 2, entry(3)); return err },
		"a lease": func() error {
			return l.SwapLease(t.Context(), ledger.Lease{Name: "x"}, ledger.Lease{Name: "x", Holder: "ci", Fence: 1, TTL: time.Second})
		},
		"the seal": func() error {
			return l.SealOff(t.Context(), ledger.Sealing{To: "postgres://elsewhere/x", By: "kim@acme", At: epoch, Mark: "m"})
		},
		"a ledger that is begun": func() error {
			_, err := postgres.Open(t.Context(), replica.URL("postgres")+"&sluice_schema=fresh", postgres.Options{})
			return err
		},
		"a copy that is begun": func() error {
			return postgres.MayWrite(t.Context(), replica.URL("postgres")+"&sluice_schema=fresh", postgres.Options{})
		},
	} {
		if err := refused(); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "a replica") || !strings.Contains(err.Error(), "name the primary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is there already is found: a repeated append needs no primary.
	if _, err := l.Append(t.Context(), "early", 1, entry(2)); err != nil {
		t.Errorf("what it has: %v", err)
	}
}

func tellsItsLag(t *testing.T, l *postgres.Ledger, primary, replica *pgtest.Server) {
	there := open(t, replica.URL("postgres"), postgres.Options{ReadOnly: true})
	is := func(who *postgres.Ledger, check string, state ledger.FindingState, says string) {
		t.Helper()
		if _, got := found(t, who, ledger.SurveyOptions{}); got[check].State != state || !strings.Contains(got[check].Value, says) {
			t.Errorf("%s: %+v, want %q", check, got[check], says)
		}
	}
	// Nobody writes, so however long ago the newest record came, nothing is behind.
	is(there, "rights", ledger.Warned, "a replica, 0s behind")
	is(there, "replication", ledger.Told, "the primary says who")
	is(l, "replication", ledger.Fine, "1 connected, 0 synchronous, at most ")
	pgtest.Exec(t, replica.URL("postgres"), "SELECT pg_wal_replay_pause()")
	replica.Wait(t, "SELECT pg_is_wal_replay_paused()")
	appended(t, l, "early", 3)
	replica.Wait(t, "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()")
	if _, got := found(t, there, ledger.SurveyOptions{}); !strings.HasSuffix(got["rights"].Value, " behind") || strings.Contains(got["rights"].Value, " 0s behind") {
		t.Errorf("while it replays nothing: %+v", got["rights"])
	}
	pgtest.Exec(t, replica.URL("postgres"), "SELECT pg_wal_replay_resume()")
	replica.Follow(t, nil)
	is(there, "rights", ledger.Warned, "no primary sends to now")
	// The primary sees a moment later that the replica has left.
	primary.Wait(t, "SELECT count(*) = 0 FROM pg_stat_replication")
	is(l, "replication", ledger.Told, "no replica is connected")
	replica.Follow(t, primary)
}

// waitsForTheReplica ends with the primary waiting for the replica at each commit.
func waitsForTheReplica(t *testing.T, l *postgres.Ledger, primary, replica *pgtest.Server) {
	primary.Synchronous(t, "replica")
	if err := replica.Stop(); err != nil {
		t.Fatal(err)
	}
	// The second finds what the first left on the primary alone, and is no wiser.
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if r, err := l.Append(ctx, "early", 3, entry(4)); err == nil {
			t.Errorf("the primary alone has it, and it is told as recorded: %+v", r)
		}
		cancel()
		primary.Wait(t, "SELECT count(*) = 4 FROM sluice.record WHERE stream = 'early'")
	}
	if err := replica.Run(); err != nil {
		t.Fatal(err)
	}
	appended(t, l, "early", 4)
}

// dies kills the primary under load, and returns how many records of each stream it had
// acknowledged.
func dies(t *testing.T, l *postgres.Ledger, primary *pgtest.Server) map[string]int {
	t.Helper()
	var (
		told [4]int
		sum  atomic.Int64
		all  sync.WaitGroup
	)
	enough := make(chan struct{})
	for i := range told {
		all.Go(func() {
			for {
				if _, err := l.Append(t.Context(), fmt.Sprintf("load/%d", i), uint64(told[i]), entry(told[i]+1)); err != nil {
					return // The server is gone.
				}
				told[i]++
				if sum.Add(1) == 200 {
					close(enough)
				}
			}
		})
	}
	<-enough
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	out := map[string]int{"early": 4}
	for i, n := range told {
		out[fmt.Sprintf("load/%d", i)] = n
	}
	return out
}
