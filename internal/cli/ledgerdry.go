package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

// estimateJSON is what a copy may take, and what that was measured by.
type estimateJSON struct {
	Bytes   uint64  `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// SampledRecords were read of the source in SampledSeconds; DestinationSeconds is
	// what one look at the destination took.
	SampledRecords     uint64  `json:"sampled_records"`
	SampledSeconds     float64 `json:"sampled_seconds"`
	DestinationSeconds float64 `json:"destination_seconds"`
}

// dryCopy says what there is to copy and what it may take, or refuses as the copy would.
func (a *app) dryCopy(ctx context.Context, source ledger.Source, f copyFlags, fromPlace, toPlace string) error {
	id, err := source.ID(ctx)
	if err != nil {
		return err
	}
	start := a.clock.Now()
	there, err := a.mayCopyTo(ctx, source, f.to, id)
	if err != nil {
		return err
	}
	trip := a.clock.Now().Sub(start)
	known, err := a.mayWriteTo(ctx, f.to, there)
	if err != nil {
		return err
	}
	if !f.open {
		if err := noneOpen(ctx, source); err != nil {
			return err
		}
	}
	out, err := a.wouldCopy(ctx, source, trip)
	if err != nil {
		return err
	}
	out.Ledger, out.From, out.To, out.MayWrite = id, fromPlace, toPlace, known
	if a.asJSON {
		return a.writeJSON(out)
	}
	a.wouldCopyText(out, there)
	return nil
}

// wouldCopy counts what there is, and measures.
func (a *app) wouldCopy(ctx context.Context, source ledger.Source, trip time.Duration) (copyJSON, error) {
	out := copyJSON{DryRun: true}
	heads, err := source.Heads(ctx, "")
	if err != nil {
		return out, err
	}
	for _, h := range heads {
		out.Streams++
		out.Records += h.Seq
	}
	leases, err := source.EveryLease(ctx, "")
	if err != nil {
		return out, err
	}
	out.Leases = len(leases)
	sample, err := copying.Measure(ctx, source, heads, a.clock)
	if err != nil {
		return out, err
	}
	e := sample.Estimate(out.Records, uint64(out.Streams), trip)
	out.Estimate = &estimateJSON{
		Bytes: e.Bytes, Seconds: e.Took.Seconds(),
		SampledRecords: sample.Records, SampledSeconds: sample.Took.Seconds(), DestinationSeconds: trip.Seconds(),
	}
	open, err := openRollouts(ctx, source)
	out.OpenRollouts = append([]string{}, open...)
	return out, err
}

func (a *app) wouldCopyText(out copyJSON, there standing) {
	if there == whole {
		a.say("The ledger %s\nhas moved to %s already.", out.Ledger, out.To)
		return
	}
	a.say("The ledger %s\nwould move from %s\nto %s: %s in %s and %s.", out.Ledger, out.From, out.To,
		plural(out.Records, "record"), plural(uint64(out.Streams), "stream"), plural(uint64(out.Leases), "lease"))
	e, seconds := out.Estimate, func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	a.say("%s", prose.Wrapped(fmt.Sprintf("An estimate: some %s in about %s, by reading %s in %s and one look at the destination in %s. Nobody can append for the last part of it alone.",
		humanize.Bytes(e.Bytes), span(max(seconds(e.Seconds).Round(time.Second), time.Second)), plural(e.SampledRecords, "record"),
		seconds(e.SampledSeconds).Round(time.Millisecond), seconds(e.DestinationSeconds).Round(time.Millisecond)), "", width(a.stdout)))
	a.say("The right to seal the old ledger was looked at, and is enough.")
	if *out.MayWrite {
		a.say("The right to write there was looked at, and is enough.")
	} else {
		a.say("Whether the bucket may be written was not looked at: only a write shows it.\nThe copy tries one before it seals anything.")
	}
	if there == begunThere {
		a.say("A copy was begun there, and would go on.")
	}
	for _, name := range out.OpenRollouts {
		a.say("%s has an open rollout, which would go on there.", name)
	}
}

// standing is how far a place is that a ledger is to be moved to.
type standing int

const (
	nothing standing = iota
	begunThere
	whole
)

// mayCopyTo says how far the copy is in a place, without touching it. It refuses what
// the copy itself would.
func (a *app) mayCopyTo(ctx context.Context, source ledger.Source, to, id string) (standing, error) {
	s, err := source.Sealing(ctx)
	if err != nil {
		return nothing, err
	}
	there, other, err := a.standingAt(ctx, to, id)
	switch {
	case err != nil:
		return nothing, fmt.Errorf("the destination: %w", err)
	case there == whole && (s == nil || other != id):
		return nothing, fmt.Errorf("the destination: %s is a ledger already, %s; name a place where nothing is", placeOf(to), other)
	case there != whole && s != nil && s.Done:
		return nothing, &ledger.SealedError{Sealing: *s}
	}
	return there, nil
}

// mayWriteTo says whether the destination could be written, and whether that is known:
// nil where nothing is to be written there any more.
func (a *app) mayWriteTo(ctx context.Context, to string, there standing) (*bool, error) {
	if there == whole {
		return nil, nil //nolint:nilnil // Nothing is left to be asked.
	}
	known, err := ledgers.MayWrite(ctx, to, ledgers.Options{Clock: a.clock})
	if err != nil {
		return nil, fmt.Errorf("the destination: %w", err)
	}
	return &known, nil
}

// standingAt looks at a place, and says which ledger it is where it is whole.
func (a *app) standingAt(ctx context.Context, to, id string) (standing, string, error) {
	there, err := ledgers.Open(ctx, to, ledgers.Options{ReadOnly: true, Clock: a.clock})
	switch {
	case errors.Is(err, ledger.ErrMissing):
		return nothing, "", nil
	case errors.Is(err, ledger.ErrUnfinished):
		there, err = ledgers.Open(ctx, to, ledgers.Options{ReadOnly: true, CopyOf: id, Clock: a.clock})
		if err != nil {
			return nothing, "", err
		}
		return begunThere, "", there.Close()
	case err != nil:
		return nothing, "", err
	}
	other, err := there.ID(ctx)
	return whole, other, errors.Join(err, there.Close())
}
