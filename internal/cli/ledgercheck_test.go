package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func TestLedgerCheck(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	r := w.expect(Done, "ledger", "check", "--write")
	contains(t, r.out, "CHECK", "schema", "version 1 of 1", "write-ahead", "it takes records", "none in this folder", "the store has none of its own")
	var out checkJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "ledger", "check", "--json").out), &out); err != nil {
		t.Fatal(err)
	}
	if !out.Well || out.Records == 0 || out.Streams == 0 || out.Bytes == 0 || out.Cost != nil || out.ClockAhead != nil || out.RecordsMonth != out.Records {
		t.Errorf("%+v", out)
	}
	records := out.Records
	w.expect(Done, "ledger", "check", "--write", "--json")
	if err := json.Unmarshal([]byte(w.expect(Done, "ledger", "check", "--json").out), &out); err != nil || out.Records != records {
		t.Errorf("a check left a record: %d after %d, %v", out.Records, records, err)
	}
	contains(t, w.expect(BadUsage, "ledger", "check", "--price-get=-1").errors, "below zero")
}

func TestLedgerCheckFindsWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	begun(w)
	r := w.expect(Failed, "ledger", "check")
	contains(t, r.out, "wrong", "the ledger is being moved to sqlite:")
	contains(t, r.errors, "The ledger is not well: open")

	dir := filepath.Join(spoolDir, someUUID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checkout--production.jsonl"), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Failed, "ledger", "check").out, "1 release, 3 B, in .sluice/spool")
}

// TestClockFinding: a difference of clocks is told with its direction, and only a
// large one is a warning, whatever the answer took.
func TestClockFinding(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		ahead, took time.Duration
		state       ledger.FindingState
		value       string
	}{
		{0, 0, ledger.Fine, "within 1s of the store's"},
		{900 * time.Millisecond, 20 * time.Millisecond, ledger.Fine, "within 1s of the store's"},
		{30 * time.Second, 0, ledger.Fine, "30s behind the store's"},
		{4 * time.Minute, 0, ledger.Warned, "4m0s behind the store's"},
		{-4 * time.Minute, 0, ledger.Warned, "4m0s ahead of the store's"},
		{5 * time.Minute, 0, ledger.Warned, "5m0s behind the store's"},
		{6 * time.Minute, 0, ledger.Wrong, "6m0s behind the store's"},
		{-6 * time.Minute, 4 * time.Minute, ledger.Warned, "6m0s ahead of the store's"},
	} {
		s := ledger.Survey{AskedAt: now, AnsweredAt: now.Add(c.took), StoreTime: now.Add(c.took/2 + c.ahead)}
		var out checkJSON
		if f := clockFinding(s, &out); f.State != c.state || f.Value != c.value || out.ClockAhead == nil {
			t.Errorf("%s: %+v", c.ahead, f)
		}
	}
}

func TestAmounts(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 117: "117", 150_000: "150 k"} {
		if got := amount(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}

func TestCostOfABucket(t *testing.T) {
	p := prices{put: 0.005, get: 0.0004, storage: 0.023}
	// 100,000 records a month: 150,000 writes, 500,000 reads, 3 GB of former versions.
	c := p.cost(checkJSON{RecordsMonth: 100_000, Bytes: 1e9})
	if c.Writes != 150_000 || c.Reads != 500_000 || c.GB != 4 {
		t.Errorf("%+v", c)
	}
	if want := 0.75 + 0.2 + 0.092; c.Total < want-1e-9 || c.Total > want+1e-9 {
		t.Errorf("%.4f, want %.4f", c.Total, want)
	}
}
