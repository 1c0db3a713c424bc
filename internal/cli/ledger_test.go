package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const someUUID = "6f1c2d3e-0000-4000-8000-000000000000"

func TestReadsCreateNoLedger(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{
		{"status"}, {"history", "a/b"}, {"watch", "a/b"}, {"explain", "a/b/1"}, {"wait", "a/b"}, {"gates", "a/b"},
		{"hold", "list"}, {"quarantine", "list"}, {"verify"}, {"export"}, {"rollback", "a/b", "--dry-run"},
		{"rollback", "a/b", "--reason", "x"}, {"abort", "a/b", "--reason", "x"}, {"hold", "all", "--reason", "x"},
	} {
		r := w.expect(Failed, args...)
		contains(t, r.errors, "the ledger does not exist", "SLUICE_LEDGER")
		if _, err := os.Stat(".sluice"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%v made a ledger: %v", args, err)
		}
	}
}

func TestWhichLedger(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	if err := os.Rename(".sluice", "elsewhere"); err != nil {
		t.Fatal(err)
	}
	w.expect(Failed, "status")
	contains(t, w.expect(Done, "status", "--ledger", "sqlite:elsewhere/ledger.db").out, "checkout/production")
	w.env["CI"] = "true"
	contains(t, w.expect(BadUsage, "status").errors, "the ledger must be named here", "CI=true")
	w.env["SLUICE_LEDGER"] = "sqlite:elsewhere/ledger.db"
	contains(t, w.expect(Done, "status").out, "checkout/production")
	contains(t, w.expect(Failed, "status", "--ledger", "sqlite:other.db").errors, "other.db")
}

func TestAReleaseThatNobodyKnows(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	for _, args := range [][]string{
		{"status", "shop/test"}, {"history", "shop/test"}, {"explain", "shop/test/1"}, {"gates", "shop/test"},
		{"abort", "shop/test", "--reason", "x"}, {"rollback", "shop/test", "--dry-run"}, {"continue", "shop/test"},
		{"quarantine", "list", "shop/test"}, {"watch", "shop/test"}, {"rollback", "shop/test", "--write-spec", "x.json"},
	} {
		contains(t, w.expect(Failed, args...).errors, "shop/test: the ledger knows no such release; it knows checkout/production")
	}
	contains(t, w.expect(Failed, "history", "checkout/production", "--rollout", "7").errors, "has no rollout 7; it has had 1 rollout")
}

func TestVerifyNamesTheRecord(t *testing.T) {
	w := toldWorld(t)
	r := w.expect(Done, "verify", "--checkpoint", "anchor.json")
	contains(t, r.out, "is whole")
	contains(t, r.errors, "saved to anchor.json")
	w.expect(Done, "verify", "--against", "anchor.json")

	flip(t, ".sluice/ledger.db", `"reason":"observed for`)
	r = w.expect(Failed, "verify")
	contains(t, r.errors, "it is not what was written", "record release/checkout/production#", "Restore the")
	if r.out != "" {
		t.Error(r.out)
	}
	r = w.expect(Failed, "verify", "--json")
	var out verifyJSON
	if err := json.Unmarshal([]byte(r.out), &out); err != nil {
		t.Fatal(err)
	}
	if out.Whole || len(out.Problems) == 0 || out.Problems[0].Stream != key.Stream() || out.Problems[0].Seq == 0 {
		t.Errorf("%+v", out)
	}
}

func TestVerifyAgainstAnotherLedger(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	raw, _ := json.Marshal(ledger.Anchor{Ledger: someUUID, Checkpoint: 1, Hash: strings.Repeat("0", 64)})
	if err := os.WriteFile("anchor.json", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "this is another ledger", someUUID)
}

// flip changes one byte behind the text in a file, in every place where it stands.
func flip(t *testing.T, path, text string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte(text))
	if at < 0 {
		t.Fatalf("%s does not hold %s", path, text)
	}
	raw[at+len(text)-1] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRebindCreatesALedger(t *testing.T) {
	w := newWorld(t)
	r := w.expect(Done, "ledger", "rebind", "--from", someUUID, "--reason", "the disk died", "--json")
	var out rebindJSON
	if err := json.Unmarshal([]byte(r.out), &out); err != nil || out.From != someUUID {
		t.Fatal(err, r.out)
	}
	if err := ledger.CheckID(t.Context(), w.open(), someUUID); err != nil {
		t.Error("the ledger does not answer to the lost one's id:", err)
	}
	contains(t, w.expect(Done, "ledger", "rebind", "--from", someUUID, "--reason", "again").out, "stands in for "+someUUID)
}

// TestALostLedgerIsReplacedAndDrivesOn: the target has seen the lost ledger's
// fences and refuses smaller ones, so without the binding nobody moves anything.
func TestALostLedgerIsReplacedAndDrivesOn(t *testing.T) {
	for _, from := range []string{"", someUUID} {
		w := newWorld(t)
		for range 5 {
			w.held("ci@acme 4711")()
		}
		w.shipped(first)
		w.shipped(good)
		if err := os.RemoveAll(".sluice"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.ship(t.Context(), third); err == nil || !strings.Contains(err.Error(), "stale_fence") {
			t.Fatalf("a new ledger that nobody bound: %v", err)
		}
		args := []string{"ledger", "rebind", "--reason", "the disk died"}
		if from != "" {
			args = append(args, "--from", from)
		}
		w.expect(Done, args...)
		w.serves("1.1.1")
		w.shipped(third)
		w.serves("1.3.3")
	}
}

// TestARollbackWithoutTheLedgerDoesNotLockItOut: what --spec wrote at the target
// must not be newer than the next driver that the ledger lets in.
func TestARollbackWithoutTheLedgerDoesNotLockItOut(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is away")
	w.serves("1.0.0")
	if out, err := w.app().engine(w.open()).Repair(t.Context(), key); err != nil {
		t.Fatalf("the ledger is back: %v, %s", err, out.Result)
	}
	w.serves("1.1.1")
}

func TestExportIsLinesThatCanBeChecked(t *testing.T) {
	w := toldWorld(t)
	r := w.expect(Done, "export")
	if again := w.expect(Done, "export"); again.out != r.out {
		t.Error("two exports differ")
	}
	for line := range strings.Lines(r.out) {
		var l ledger.ExportLine
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Hash == "" {
			t.Fatalf("%v in %s", err, line)
		}
	}
}

func TestVersion(t *testing.T) {
	w := newWorld(t)
	contains(t, w.expect(Done, "version").out, "sluice 1.2.3 (", "judge seq-binom/v1")
	var out versionJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "version", "--json").out), &out); err != nil {
		t.Fatal(err)
	}
	if out.Version != "1.2.3" || out.Judge != "seq-binom/v1" || out.SpecFormat != 2 || !strings.Contains(out.Platform, "/") || out.Go == "" {
		t.Errorf("%+v", out)
	}
}

func TestTheActor(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	delete(w.env, "SLUICE_ACTOR")
	if a := w.app().actor(); !strings.Contains(a, "@") {
		t.Errorf("the default actor is %q", a)
	}
	w.env["SLUICE_ACTOR"] = "kim@acme"
	w.expect(Done, "hold", "all", "--reason", "x", "--actor", "lee@acme")
	contains(t, w.expect(Done, "hold", "list").out, "by lee@acme")
}
