package notify

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// How far back a look for what is new reaches. Records carry their writer's clock, so
// what is new may be dated a little back, and each minute by more; what is dated back
// further, and what a newer version wrote, is found by the sweep over all heads.
const (
	overlap     = 30 * time.Second
	longOverlap = 15 * time.Minute
	longEvery   = time.Minute
	sweepEvery  = 5 * time.Minute
)

// lookout knows the last records of the streams of which anybody can be told. A look
// reads what has come since the last one: among ten thousand releases that stand, that
// is little. It is used by whoever has the deliverer's turn.
type lookout struct {
	heads             map[string]ledger.Record
	last, long, swept time.Time
}

// look returns the last records, without what they say. Of a stream with nothing but
// silent records it may return an earlier one.
func (o *lookout) look(ctx context.Context, l ledger.Ledger, now time.Time) ([]ledger.Record, error) {
	if o.swept.IsZero() || now.Sub(o.swept) >= sweepEvery || now.Before(o.last) {
		all, err := headsOf(ctx, l, nil)
		if err != nil {
			return nil, err
		}
		o.heads = make(map[string]ledger.Record, len(all))
		o.add(all)
		o.swept, o.long, o.last = now, now, now
		return o.all(), nil
	}
	filter := ledger.Filter{Kinds: loudKinds(), Since: o.last.Add(-overlap)}
	long := now.Sub(o.long) >= longEvery
	if long {
		filter.Since = o.last.Add(-longOverlap)
	}
	records, err := l.Query(ctx, filter)
	if err != nil {
		return nil, err
	}
	o.add(records)
	o.last = now
	if long {
		o.long = now
	}
	return o.all(), nil
}

func (o *lookout) add(records []ledger.Record) {
	for _, r := range records {
		if tellable(r.Stream) && r.Seq > o.heads[r.Stream].Seq {
			r.Body = nil
			o.heads[r.Stream] = r
		}
	}
}

// all returns the heads in the order of their names.
func (o *lookout) all() []ledger.Record {
	out := make([]ledger.Record, 0, len(o.heads))
	for _, name := range slices.Sorted(maps.Keys(o.heads)) {
		out = append(out, o.heads[name])
	}
	return out
}

// tellable reports whether anybody can be told of the records of a stream.
func tellable(stream string) bool {
	return strings.HasPrefix(stream, releasePrefix) || strings.HasPrefix(stream, drift.StreamPrefix) || strings.HasPrefix(stream, grant.StreamPrefix) || stream == ledger.LedgerStream ||
		strings.HasPrefix(stream, ledger.ObjectPrefix) && !strings.HasPrefix(stream, ledger.ObjectPrefix+StateKind+"/")
}

// loudKinds are the kinds, as far as this version knows them, that can make an event.
func loudKinds() []string {
	out := []string{ledger.KindObjectPut, ledger.KindObjectDeleted}
	for _, e := range Table() {
		if !e.Silent() {
			out = append(out, e.Kind)
		}
	}
	return out
}

// headsOf gives the last records of the streams of which anybody can be told, or of
// those that are asked for.
func headsOf(ctx context.Context, l ledger.Ledger, streams []string) ([]ledger.Record, error) {
	var out []ledger.Record
	prefixes := streams
	if streams == nil {
		prefixes = []string{releasePrefix, ledger.ObjectPrefix, drift.StreamPrefix, grant.StreamPrefix, ledger.LedgerStream}
	}
	for _, prefix := range prefixes {
		heads, err := l.Heads(ctx, prefix)
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			if streams == nil && tellable(h.Stream) || h.Stream == prefix {
				out = append(out, h)
			}
		}
	}
	return out, nil
}
