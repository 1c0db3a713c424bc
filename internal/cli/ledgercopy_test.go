package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

const movedURL = "sqlite:moved/ledger.db"

// openURL opens a ledger for a test.
func openURL(t *testing.T, url string) ledger.Source {
	t.Helper()
	l, err := ledgers.Open(t.Context(), url, ledgers.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s, ok := l.(ledger.Source)
	if !ok {
		t.Fatal("it cannot be moved")
	}
	return s
}

func TestLedgerCopy(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	r := w.expect(Done, "ledger", "copy", "--to", movedURL, "--dry-run")
	contains(t, r.out, "would move from sqlite:", "/moved/ledger.db", "The right to write there was looked at, and is enough.")
	if _, err := os.Stat("moved"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a dry run made something: %v", err)
	}
	if err := os.WriteFile("inTheWay", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Failed, "ledger", "copy", "--to", "sqlite:inTheWay/ledger.db", "--dry-run").errors, "the destination:", "inTheWay")
	r = w.expect(Done, "ledger", "copy", "--to", movedURL)
	contains(t, r.out, "has moved from sqlite:", "each verified", "The old ledger is sealed and can be read")
	contains(t, r.errors, "copying", "verifying", "SLUICE_LEDGER")

	// The old one says where it went and can still be read; the new one drives on.
	r = w.expect(Done, "status")
	contains(t, r.out, "checkout/production")
	contains(t, r.errors, "Warning: what follows is how it was then; the ledger has moved to")
	contains(t, w.expect(Failed, "agent", "--listen", "none").errors, "the ledger has moved to", "name that one")
	contains(t, w.expect(Failed, "hold", "all", "--reason", "x").errors, "the ledger has moved to sqlite:", "moved/ledger.db", "name that one")
	contains(t, w.expect(Failed, "ledger", "copy", "--to", "sqlite:third.db").errors, "the ledger has moved to")
	w.expect(Done, "ledger", "copy", "--to", movedURL)
	w.env["SLUICE_LEDGER"] = movedURL
	w.expect(Done, "verify")
	w.expect(Done, "rollback", "checkout/production", "--reason", "x")
	w.serves("1.0.0")
	r = w.expect(Failed, "ledger", "copy", "--to", "sqlite:.sluice/ledger.db")
	contains(t, r.errors, "the destination: ", "is a ledger already", "name a place where nothing is")
	if strings.Contains(r.errors, "unfinished") || strings.Contains(r.errors, "again") || strings.Contains(r.errors, "unseal") {
		t.Errorf("it is no copy, and none is to be run again or given up:\n%s", r.errors)
	}
	contains(t, w.expect(Failed, "ledger", "copy", "--to", "sqlite:.sluice/ledger.db", "--dry-run").errors, "is a ledger already")
}

func TestLedgerCopyJSON(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	var dry, out copyJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "ledger", "copy", "--to", movedURL, "--dry-run", "--json").out), &dry); err != nil || !dry.DryRun || dry.Records == 0 || dry.MayWrite == nil || !*dry.MayWrite {
		t.Fatal(err, dry)
	}
	if err := json.Unmarshal([]byte(w.expect(Done, "ledger", "copy", "--to", movedURL, "--json").out), &out); err != nil {
		t.Fatal(err)
	}
	if out.Records != dry.Records || out.Streams != dry.Streams || out.Copied != out.Records || out.Ledger != dry.Ledger || out.Anchor.Hash == "" {
		t.Errorf("%+v after %+v", out, dry)
	}
}

func TestLedgerCopyUsage(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	contains(t, w.expect(BadUsage, "ledger", "copy").errors, "--to is missing")
	contains(t, w.expect(BadUsage, "ledger", "copy", "--to", "mysql://x").errors, "--to: not a ledger's URL")
	contains(t, w.expect(BadUsage, "ledger", "copy", "--to", "sqlite:.sluice/../.sluice/ledger.db").errors, "is the ledger that is to be moved")
	contains(t, w.expect(BadUsage, "ledger", "unseal", "--reason", "x").errors, "name the copy that is given up")
	contains(t, w.expect(BadUsage, "ledger", "unseal", "--gone").errors, "--reason")
	contains(t, w.expect(Done, "ledger", "unseal", "--gone", "--reason", "x").out, "is not sealed")
	if err := os.WriteFile("invoices.db", []byte("number,amount\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.expect(Failed, "ledger", "copy", "--to", "sqlite:invoices.db")
	if s, err := openURL(t, "sqlite:.sluice/ledger.db").Sealing(t.Context()); err != nil || s != nil {
		t.Errorf("sealed for nothing: %v, %v", s, err)
	}
}

// TestLedgerCopyWithAnOpenRollout: it stops before the seal, or the rollout goes on at
// the destination.
func TestLedgerCopyWithAnOpenRollout(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	contains(t, w.expect(Failed, "ledger", "copy", "--to", movedURL).errors, "a rollout is open: checkout/production", "--with-open-rollouts")
	if s, err := openURL(t, "sqlite:.sluice/ledger.db").Sealing(t.Context()); err != nil || s != nil {
		t.Errorf("sealed: %v, %v", s, err)
	}
	contains(t, w.expect(Done, "ledger", "copy", "--to", movedURL, "--with-open-rollouts").out, "sluice continue checkout/production")
	contains(t, w.expect(Failed, "continue", "checkout/production").errors, "the ledger has moved to")
	contains(t, w.expect(Failed, "wait", "checkout/production", "--timeout", "1h").errors, "Error: the ledger has moved to")
	contains(t, w.expect(Failed, "releases", "--of", "acme=sqlite:.sluice/ledger.db", "--ledger", movedURL).errors, "the ledger has moved to")
	w.env["SLUICE_LEDGER"] = movedURL
	w.expect(Done, "continue", "checkout/production")
	w.serves("1.1.1")
}

// TestLedgerCopyUnderAnAgent: who lives on the old ledger is to be stopped first, and who
// was killed holds nothing up for longer than its term.
func TestLedgerCopyUnderAnAgent(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	l := openURL(t, "sqlite:.sluice/ledger.db")
	lease := ledger.Lease{Name: "agent/night", Holder: "night 1", Fence: 1, Beat: 1, TTL: 15 * time.Second}
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: lease.Name}, lease); err != nil {
		t.Fatal(err)
	}
	beat := func() {
		next := lease
		next.Beat++
		if err := l.SwapLease(t.Context(), lease, next); err != nil {
			t.Error(err)
		}
		lease = next
	}
	w.asleep = beat
	contains(t, w.expect(Failed, "ledger", "copy", "--to", movedURL).errors, "somebody drives by this ledger: agent/night (night 1)", "--with-drivers")
	if s, err := l.Sealing(t.Context()); err != nil || s != nil {
		t.Fatalf("sealed: %v, %v", s, err)
	}
	w.asleep = nil
	begun := w.clock.Now()
	w.expect(Done, "ledger", "copy", "--to", movedURL)
	if took := w.clock.Now().Sub(begun); took < lease.TTL || took > lease.TTL+5*time.Second {
		t.Errorf("a killed agent held it up for %s", took)
	}

	w = newWorld(t)
	w.shipped(first)
	l = openURL(t, "sqlite:.sluice/ledger.db")
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: lease.Name}, lease); err != nil {
		t.Fatal(err)
	}
	w.asleep = beat
	w.expect(Done, "ledger", "copy", "--to", movedURL, "--with-drivers")
}

// begun leaves a sealed ledger and an unfinished copy, as a crash does.
func begun(w *world) {
	w.t.Helper()
	l := openURL(w.t, "sqlite:.sluice/ledger.db")
	id, err := l.ID(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	to, err := ledgers.Open(w.t.Context(), movedURL, ledgers.Options{CopyOf: id})
	if err == nil {
		err = to.Close()
	}
	if err == nil {
		err = l.SealOff(w.t.Context(), ledger.Sealing{To: placeOf(movedURL), By: "ci@acme", At: w.clock.Now(), Mark: "one"})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestLedgerUnseal(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	begun(w)
	contains(t, w.expect(Failed, "hold", "all", "--reason", "x").errors, "the ledger is being moved to sqlite:", "sluice ledger unseal")
	contains(t, w.expect(Failed, "status", "--ledger", movedURL).errors, "this is an unfinished copy of a ledger", "run the same sluice ledger copy again")
	contains(t, w.expect(Done, "ledger", "copy", "--to", movedURL, "--dry-run").out, "A copy was begun there")
	contains(t, w.expect(BadUsage, "ledger", "unseal", "--to", "sqlite:other.db", "--reason", "x").errors, "the ledger was to go to sqlite:")
	contains(t, w.expect(Done, "ledger", "unseal", "--to", movedURL, "--reason", "too slow", "--json").out, `"to": "sqlite:`)
	w.expect(Done, "hold", "all", "--reason", "x")
	records, err := openURL(t, "sqlite:.sluice/ledger.db").Read(t.Context(), ledger.LedgerStream, 1)
	if err != nil || records[len(records)-1].Kind != ledger.KindUnsealed {
		t.Errorf("%+v, %v", records, err)
	}
	// The copy goes on all the same when it is wanted after all.
	w.expect(Done, "ledger", "copy", "--to", movedURL)
	contains(t, w.expect(Failed, "ledger", "unseal", "--to", movedURL, "--reason", "x").errors, "is the ledger now")
	if _, err := os.Stat(filepath.Join("moved", "ledger.db")); err != nil {
		t.Error(err)
	}
}

// TestLedgerUnsealAtTheEnd: a copy that was cut short between the last word in the old
// ledger and its own end may become a ledger at any moment, so it is given up only when
// it is not there any more.
func TestLedgerUnsealAtTheEnd(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	begun(w)
	l := openURL(t, "sqlite:.sluice/ledger.db")
	s, err := l.Sealing(t.Context())
	if err != nil || s == nil {
		t.Fatal(s, err)
	}
	s.Finishing = true
	if err := l.SealOff(t.Context(), *s); err != nil {
		t.Fatal(err)
	}
	for _, which := range [][]string{{"--to", movedURL}, {"--gone"}} {
		r := w.expect(Failed, append([]string{"ledger", "unseal", "--reason", "x"}, which...)...)
		contains(t, r.errors, "was about to become the ledger", "run the same sluice ledger copy again to finish it")
	}
	if err := os.RemoveAll("moved"); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Done, "ledger", "unseal", "--gone", "--reason", "x").out, "takes records again")
	w.expect(Done, "hold", "all", "--reason", "x")

	// Nor does --gone open the old one beside a copy that is in use.
	w.expect(Done, "ledger", "copy", "--to", movedURL)
	contains(t, w.expect(Failed, "ledger", "unseal", "--gone", "--reason", "x").errors, "is the ledger now")
}

// TestDryRunExitsAsTheCopyWould: in each situation the dry run says first what the copy
// says then.
func TestDryRunExitsAsTheCopyWould(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	copies := func(code int, want string, args ...string) {
		t.Helper()
		for _, more := range [][]string{{"--dry-run"}, nil} {
			r := w.expect(code, append(append([]string{"ledger", "copy"}, args...), more...)...)
			contains(t, r.out+r.errors, want)
		}
	}
	if err := os.WriteFile("invoices.db", []byte("number,amount\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	copies(BadUsage, "is the ledger that is to be moved", "--to", "sqlite:.sluice/ledger.db")
	copies(Failed, "the destination: ", "--to", "sqlite:invoices.db")
	w.broken(good, 2)
	copies(Failed, "a rollout is open: checkout/production", "--to", movedURL)
	begun(w)
	copies(Failed, "is being moved to", "--to", "sqlite:third.db")
	copies(Done, "moved", "--to", movedURL, "--with-open-rollouts")
	copies(Done, "moved", "--to", movedURL)
	copies(Failed, "the ledger has moved to", "--to", "sqlite:third.db")
	if err := os.RemoveAll("moved"); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Failed, "ledger", "copy", "--to", movedURL, "--dry-run").errors, "the ledger has moved to")
}

func TestDryRunEstimates(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	contains(t, w.expect(Done, "ledger", "copy", "--to", movedURL, "--dry-run").out, "An estimate: some ", " kB in about 1s, by reading ")
	var dry copyJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "ledger", "copy", "--to", movedURL, "--dry-run", "--json").out), &dry); err != nil {
		t.Fatal(err)
	}
	if e := dry.Estimate; e == nil || e.SampledRecords != dry.Records || e.Bytes < 400*dry.Records {
		t.Errorf("%+v of %d records", e, dry.Records)
	}
}
