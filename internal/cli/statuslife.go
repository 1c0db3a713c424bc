package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// A lease says no time: whether its holder lives shows in its beat alone, and only to
// whoever looks twice. So a driver whose last record is younger than its lease is
// believed at once, and one that only waits is looked at for as long as it may take to
// renew its lease, and no longer.

// lifeEvery is the time between two looks at the leases.
const lifeEvery = time.Second

// leasesOfReleases begins the name of each lease of a release.
const leasesOfReleases = "release/"

// sign is what was seen of a driver; empty where there was no reason to look.
type sign string

const (
	// beats: its lease was renewed while we looked.
	beats sign = "beats"
	// silent: it was not, for longer than it takes to renew it.
	silent sign = "silent"
)

// watchLives looks for a sign of life of those drivers whose last record is older than
// their lease, of all at once.
func (a *app) watchLives(ctx context.Context, l ledger.Ledger, o *overview) error {
	quiet := map[string]*releaseView{}
	var limit time.Duration
	for i := range o.releases {
		v := &o.releases[i]
		r := v.history.Open()
		if r == nil || v.lease.Holder == "" || a.clock.Now().Sub(heard(r)) < v.lease.TTL {
			continue
		}
		quiet[v.lease.Name] = v
		limit = max(limit, renewedWithin(v.lease))
	}
	if len(quiet) == 0 {
		return nil
	}
	a.note("Looking for a sign of life of %s, for at most %s.", plural(uint64(len(quiet)), "driver"), span(limit))
	start := a.clock.Now()
	for len(quiet) > 0 && a.clock.Now().Sub(start) < limit {
		if err := a.clock.Sleep(ctx, lifeEvery); err != nil {
			return err
		}
		now, err := leasesOf(ctx, l, quiet)
		if err != nil {
			return err
		}
		for name, v := range quiet {
			if now[name] != v.lease {
				v.lease, v.sign = now[name], beats
				delete(quiet, name)
			}
		}
	}
	for _, v := range quiet {
		v.sign = silent
	}
	return nil
}

// renewedWithin is how long a driver may take to renew its lease: it does so each third
// of its term, and may be in the middle of a call.
func renewedWithin(l ledger.Lease) time.Duration { return l.TTL/2 + lifeEvery }

// leasesOf reads the leases in one call, or one by one where the ledger has none for it.
func leasesOf(ctx context.Context, l ledger.Ledger, of map[string]*releaseView) (map[string]ledger.Lease, error) {
	out := make(map[string]ledger.Lease, len(of))
	if len(of) > 1 {
		all, err := ledger.EveryLease(ctx, l, leasesOfReleases)
		if err == nil {
			for _, lease := range all {
				out[lease.Name] = lease
			}
			return out, nil
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
	}
	for name := range of {
		lease, err := l.Lease(ctx, name)
		if err != nil {
			return nil, err
		}
		out[name] = lease
	}
	return out, nil
}

// driver says who drives an open rollout, and when that was last heard of.
func (a *app) driver(v releaseView, r *release.Rollout) string {
	last := ago(a.clock.Now().Sub(heard(r)))
	switch {
	case v.lease.Holder == "":
		return "nobody drives it: sluice continue " + v.history.Key.String()
	case v.sign == beats:
		return fmt.Sprintf("driven by %s, last heard of just now; its last record was %s", v.lease.Holder, last)
	case v.sign == silent:
		return fmt.Sprintf("driven by %s, which gave no sign of life for %s; its last record was %s; whoever continues it takes over after %s without one: sluice continue %s",
			v.lease.Holder, span(renewedWithin(v.lease)), last, span(v.lease.TTL), v.history.Key)
	default:
		return fmt.Sprintf("driven by %s, last heard of %s", v.lease.Holder, last)
	}
}
