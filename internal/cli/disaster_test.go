package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// rolesFile is the documented one, by whatever folder a world is in.
var rolesFile, _ = filepath.Abs("../../docs/sql/postgres-roles.sql")

// TestTheDrill is the one of the guide on disaster recovery: a backup of the ledger
// from before the last release is brought back, by the guide's own commands. Where nobody
// else drove meanwhile, it gives the very fence next that the target saw last.
func TestTheDrill(t *testing.T) {
	for _, others := range []int{0, 3} {
		t.Run(fmt.Sprintf("%d others drove", others), func(t *testing.T) { drill(t, others, fileKept(t)) })
	}
	t.Run("a dump of PostgreSQL", func(t *testing.T) { drill(t, 3, dumped(t)) })
}

// kept is a ledger of which there are backups. Each brings the one before it back.
type kept struct {
	// url is where the ledger is; it is empty where nobody says it.
	url string
	// backup keeps what is there now; restore loses it, brings the backup back, and returns
	// the url by then.
	backup  func()
	restore func() (url string)
	// now, if set, sets the store's own clock, which is held against the driver's.
	now func(time.Time)
}

// ran runs a command of the guide.
func ran(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// fileKept is the ledger of a world's own folder.
func fileKept(t *testing.T) kept {
	return kept{
		backup: func() { ran(t, "sqlite3", ".sluice/ledger.db", ".backup ledger.bak") },
		restore: func() string {
			for _, step := range []error{os.RemoveAll(".sluice"), os.MkdirAll(".sluice", 0o700), os.Rename("ledger.bak", ".sluice/ledger.db")} {
				if step != nil {
					t.Fatal(step)
				}
			}
			return ""
		},
	}
}

// dumped is one in PostgreSQL, whose database is lost, and brought back under another
// name. Whoever drives is a releaser before and after, by the documented roles.
func dumped(t *testing.T) kept {
	s := pgtest.Start(t)
	roles := func(database string) {
		ran(t, "psql", s.URL(database), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file="+rolesFile)
	}
	for _, database := range []string{"lost", "restored"} {
		pgtest.Exec(t, s.URL("postgres"), "CREATE DATABASE "+database)
		pgtest.Exec(t, s.URL(database), `CREATE SCHEMA fake; CREATE TABLE fake.clock (now timestamptz NOT NULL); INSERT INTO fake.clock VALUES (now());
CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now FROM fake.clock';
GRANT USAGE ON SCHEMA fake TO PUBLIC; GRANT SELECT ON fake.clock TO PUBLIC; ALTER DATABASE `+database+` SET search_path = fake, pg_catalog`)
	}
	at := "lost"
	l, err := ledgers.Open(t.Context(), s.URL("lost"), ledgers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	roles("lost")
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE ci LOGIN IN ROLE sluice_releaser")
	return kept{
		url:    s.URLAs("ci", "lost"),
		backup: func() { ran(t, "pg_dump", s.URL("lost"), "--format=custom", "--schema=sluice", "--file=ledger.dump") },
		restore: func() string {
			at = "restored"
			pgtest.Exec(t, s.URL("postgres"), "DROP DATABASE lost WITH (FORCE)")
			ran(t, "pg_restore", "--dbname="+s.URL("restored"), "--no-owner", "--exit-on-error", "ledger.dump")
			roles("restored")
			return s.URLAs("ci", "restored")
		},
		now: func(now time.Time) { pgtest.Exec(t, s.URL(at), "UPDATE fake.clock SET now = $1", now) },
	}
}

func drill(t *testing.T, others int, k kept) {
	w := newWorld(t)
	w.keep(k.url)
	shipped := func(p artifact.Payload) {
		t.Helper()
		if k.now != nil {
			k.now(w.clock.Now())
		}
		w.shipped(p)
	}
	shipped(first)
	shipped(good)
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	k.backup()
	for range others { // Who drive meanwhile, so the fences go on.
		w.held("ci@acme 4711")()
	}
	shipped(third)
	w.expect(Done, "verify", "--checkpoint", "anchor.json")
	w.keep(k.restore())
	if k.now != nil {
		k.now(w.clock.Now())
	}

	// It is whole by itself, and the anchor says what it lacks.
	w.expect(Done, "verify")
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "gap: the stream ends before it", "Forward work stops until this is understood")
	if r := w.run("verify", "--against", "anchor.json"); strings.Contains(r.errors, "bound anew") {
		t.Errorf("nobody has bound it yet:\n%s", r.errors)
	}
	// The target has seen newer fences: nobody goes forward by the old record, nor back,
	// however often they try.
	for range 6 {
		if _, err := w.ship(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "stale_fence") {
			t.Fatalf("forward on a restored ledger that nobody looked at: %v", err)
		}
		contains(t, w.expect(Failed, "rollback", "checkout/production", "--reason", "an old record").errors, "stale_fence", "sluice ledger rebind --reason", "sluice rollback --spec FILE")
	}
	if others == 0 {
		contains(t, w.expect(Failed, "rollback", "checkout/production", "--dry-run").out, "before, and this ledger gives it only now")
	}
	w.serves("1.3.3")
	// A rollback needs no ledger.
	w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is being restored")
	w.serves("1.0.0")
	// Bound anew it drives on, under its own UUID.
	contains(t, w.expect(Done, "ledger", "rebind", "--reason", "restored the backup of 10:00").out, "Save a new one: sluice verify --checkpoint anchor.json")
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "gap: the stream ends before it",
		"This ledger was bound anew at 2026-03-02", "in place of one that was lost: restored the backup of 10:00.", "sluice verify --checkpoint anchor.json")
	shipped(third)
	w.serves("1.3.3")
	// The old anchor stays of what was lost, also once there are as many checkpoints again.
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "This ledger was bound anew")
	w.expect(Done, "verify", "--checkpoint", "anchor.json")
	w.expect(Done, "verify", "--against", "anchor.json")
}
