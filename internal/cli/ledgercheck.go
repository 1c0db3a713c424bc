package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// checkJSON is what sluice ledger check --json writes.
type checkJSON struct {
	Ledger string `json:"ledger"`
	Place  string `json:"place"`
	// Well is false when something is wrong; a warning leaves it true.
	Well     bool             `json:"well"`
	Findings []ledger.Finding `json:"findings"`
	Streams  int              `json:"streams"`
	Records  uint64           `json:"records"`
	// RecordsMonth is how many records the last 30 days brought.
	RecordsMonth uint64 `json:"records_month"`
	Bytes        uint64 `json:"bytes"`
	Objects      uint64 `json:"objects,omitempty"`
	// The times are in seconds. ClockAhead is by how much the store's clock is ahead of
	// ours, null where nobody says.
	RoundTrip  float64   `json:"round_trip"`
	WriteTrip  float64   `json:"write_trip,omitempty"`
	ClockAhead *float64  `json:"clock_ahead"`
	Cost       *costJSON `json:"cost,omitempty"`
}

// Limits between what is well and what is not.
const (
	// slowTrip is the round trip from which a rollout's records hold it up.
	slowTrip = 500 * time.Millisecond
	// month is what costs and growth are counted by.
	month = 30 * 24 * time.Hour
)

func (a *app) checkCommand() *cobra.Command {
	var write bool
	p := prices{put: 0.005, get: 0.0004, storage: 0.023}
	cmd := a.reads(&cobra.Command{
		Use:   "check",
		Short: "Look at the ledger's health, lag, size and cost",
		Long: `Looks at the store that holds the ledger: whether it can be reached and written,
its schema, what it does so that nothing is lost, how far its clock is from this
machine's and its replicas are behind, how large it is, and what a bucket costs a
month at the prices that are given. Nothing is recorded; --write tries a write
besides, of nothing that anybody reads.

The exit code is 1 when something is wrong. A warning leaves it 0. What the
records say is checked by sluice verify.`,
		Example: `  sluice ledger check
  sluice ledger check --write --price-put 0.005 --price-get 0.0004 --price-storage 0.023 --json`,
		Args: takes(),
	})
	cmd.Flags().BoolVar(&write, "write", false, "try a write, and time it")
	cmd.Flags().Float64Var(&p.put, "price-put", p.put, "price of a thousand writes and lists of a bucket")
	cmd.Flags().Float64Var(&p.get, "price-get", p.get, "price of a thousand reads of a bucket")
	cmd.Flags().Float64Var(&p.storage, "price-storage", p.storage, "price of a gigabyte in a bucket for a month")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if p.put < 0 || p.get < 0 || p.storage < 0 {
			return badInput("a price is below zero; it is what the store takes, for example --price-put 0.005")
		}
		url, err := a.url()
		if err != nil {
			return err
		}
		out, err := a.check(ctx, url, write, p)
		if err != nil {
			return err
		}
		if err := a.showCheck(out); err != nil || out.Well {
			return err
		}
		return &toldError{summary: "The ledger is not well: " + wrongs(out.Findings), err: errors.New("the ledger is not well")}
	})
	return cmd
}

// check opens the ledger, for writing where that may be, and looks.
func (a *app) check(ctx context.Context, url string, write bool, p prices) (out checkJSON, err error) {
	l, err := ledgers.Open(ctx, url, ledgers.Options{MustExist: true, Clock: a.clock})
	if errors.Is(err, ledger.ErrReadOnly) {
		l, err = ledgers.Open(ctx, url, ledgers.Options{ReadOnly: true, Clock: a.clock})
	}
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	surveyor, ok := ledger.As[ledger.Surveyor](l)
	if !ok {
		return out, fmt.Errorf("%s cannot be looked at", ledgers.Place(url))
	}
	if out.Ledger, err = l.ID(ctx); err != nil {
		return out, err
	}
	out.Place = placeOf(url)
	s, err := surveyor.Survey(ctx, ledger.SurveyOptions{Write: write})
	if err != nil {
		return out, err
	}
	out.Bytes, out.Objects = s.Bytes, s.Objects
	out.RoundTrip, out.WriteTrip = s.RoundTrip.Seconds(), s.WriteTrip.Seconds()
	if err := a.count(ctx, l, &out); err != nil {
		return out, err
	}
	sealed, err := sealFinding(ctx, l)
	if err != nil {
		return out, err
	}
	out.Findings = append(append(out.Findings, sealed), s.Findings...)
	out.Findings = append(out.Findings, trips(s)...)
	out.Findings = append(out.Findings, clockFinding(s, &out), spoolFinding(spoolDir))
	if strings.HasPrefix(url, "s3:") {
		out.Cost = p.cost(out)
	}
	out.Well = wrongs(out.Findings) == ""
	return out, nil
}

// count counts streams and records, and what the last month brought.
func (a *app) count(ctx context.Context, l ledger.Ledger, out *checkJSON) error {
	heads, err := l.Heads(ctx, "")
	if err != nil {
		return err
	}
	for _, h := range heads {
		out.Streams++
		out.Records += h.Seq
	}
	recent, err := l.Query(ctx, ledger.Filter{Since: a.clock.Now().Add(-month)})
	out.RecordsMonth = uint64(len(recent))
	return err
}

func sealFinding(ctx context.Context, l ledger.Ledger) (ledger.Finding, error) {
	f := ledger.Finding{Check: "open", State: ledger.Fine, Value: "it takes records"}
	source, ok := ledger.As[ledger.Source](l)
	if !ok {
		return f, nil
	}
	s, err := source.Sealing(ctx)
	if err == nil && s != nil {
		f.State, f.Value = ledger.Wrong, (&ledger.SealedError{Sealing: *s}).Error()
	}
	return f, err
}

func trips(s ledger.Survey) []ledger.Finding {
	one := func(check string, took time.Duration) ledger.Finding {
		f := ledger.Finding{Check: check, State: ledger.Fine, Value: took.Round(10 * time.Microsecond).String()}
		if took > slowTrip {
			f.State, f.Remedy = ledger.Warned, "each record of a rollout waits for it: run nearer to the store"
		}
		return f
	}
	out := []ledger.Finding{one("round trip", s.RoundTrip)}
	if s.WriteTrip > 0 {
		out = append(out, one("write", s.WriteTrip))
	}
	return out
}

// clockFinding compares the clocks. Leases do not depend on them; the times in
// records, soak and windows do.
func clockFinding(s ledger.Survey, out *checkJSON) ledger.Finding {
	ahead, uncertain, ok := s.Skew()
	if !ok {
		return ledger.Finding{Check: "clock", State: ledger.Told, Value: "the store has none of its own"}
	}
	seconds := ahead.Seconds()
	out.ClockAhead = &seconds
	f := ledger.Finding{Check: "clock", State: ledger.Fine, Value: fmt.Sprintf("within %s of the store's", uncertain.Round(100*time.Millisecond))}
	if ahead.Abs() > uncertain {
		word := "behind"
		if ahead < 0 {
			word = "ahead of"
		}
		f.Value = fmt.Sprintf("%s %s the store's", ahead.Abs().Round(time.Second), word)
	}
	switch sure := ahead.Abs() - uncertain; {
	case sure > release.MaxSkew:
		f.State, f.Remedy = ledger.Wrong, "set this machine's clock, for example by NTP: nothing goes forward from here, since windows and approvals would be judged by it; a rollback does"
	case ahead.Abs() > ledger.MisleadingSkew:
		f.State, f.Remedy = ledger.Warned, "set this machine's clock by NTP: the times in its records would mislead, though no lease depends on them"
	}
	return f
}

// spoolFinding counts reverts whose records wait beside this process.
func spoolFinding(dir string) ledger.Finding {
	f := ledger.Finding{Check: "unsent records", State: ledger.Fine, Value: "none in this folder"}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	older, olderErr := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if files = append(files, older...); errors.Join(err, olderErr) != nil || len(files) == 0 {
		return f
	}
	size := int64(0)
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			size += info.Size()
		}
	}
	f.State = ledger.Warned
	f.Value = fmt.Sprintf("%s, %s, in %s", plural(uint64(len(files)), "release"), humanize.Bytes(uint64(size)), dir)
	f.Remedy = "a revert went on while the ledger was away; the next command or apply on that release from this folder appends them"
	return f
}

// wrongs names what is wrong.
func wrongs(findings []ledger.Finding) string {
	var names []string
	for _, f := range findings {
		if f.State == ledger.Wrong {
			names = append(names, f.Check)
		}
	}
	return strings.Join(names, ", ")
}
