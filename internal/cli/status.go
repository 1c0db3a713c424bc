package cli

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// statusJSON is what sluice status --json writes.
type statusJSON struct {
	Ledger   string        `json:"ledger"`
	Releases []releaseJSON `json:"releases"`
	Holds    []holdJSON    `json:"holds"`
}

// stateSteady is the state of a release without an open rollout.
const stateSteady = "steady"

// stateMixed is the state of one whose targets were left with different artifacts.
const stateMixed = "mixed"

// overview is what sluice status shows.
type overview struct {
	id       string
	releases []releaseView
	holds    []hold.Hold
	// notes say what could not be read of the scopes above.
	notes []string
}

type releaseView struct {
	history *release.History
	lease   ledger.Lease
	sign    sign
	// needs is what its service needs, where one release was asked for.
	needs []needJSON
	// formers are the releases from which it goes on: all of them where one release was
	// asked for, and otherwise what its own record says while it has had no rollout.
	formers []release.Former
	// waits says which of its targets stand still and why, where its parts are not
	// shown themselves.
	waits []string
}

func (a *app) statusCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:   "status [RELEASE]",
		Short: "Show what serves, rolls out, is on hold and is quarantined",
		Long: `Shows every release of the ledger, or one: what should serve by the record, the
rollout that is open with its progress, the last one, holds and quarantine, and of
one release what its service needs. It asks no target; what a target says of itself
is compared by sluice drift. Where a driver has recorded nothing for long, it looks
for some seconds whether that one still renews its lease; --json does not.`,
		Example: "  sluice status\n  sluice status checkout/production --json",
		Args:    takes("[RELEASE]"),
		RunE: a.does(func(ctx context.Context, args []string) error {
			return a.reading(ctx, func(l ledger.Ledger) error {
				o, err := look(ctx, l, args)
				if err != nil {
					return err
				}
				for _, n := range o.notes {
					a.note("%s", prose.Wrapped("Warning: "+n, "", width(a.stderr)))
				}
				if a.asJSON {
					return a.writeJSON(a.statusJSON(o))
				}
				if err := a.watchLives(ctx, l, &o); err != nil {
					return err
				}
				a.statusText(o)
				return nil
			})
		}),
	})
}

// look reads what the status shows: of one release where args names it.
func look(ctx context.Context, l ledger.Ledger, args []string) (overview, error) {
	var o overview
	var keys []release.Key
	id, err := l.ID(ctx)
	if err != nil {
		return o, err
	}
	o.id = id
	if len(args) > 0 {
		key, err := parseRelease(args[0])
		if err != nil {
			return o, err
		}
		keys = append(keys, key)
	} else if keys, err = releases(ctx, l); err != nil {
		return o, err
	} else {
		keys = wholes(keys)
	}
	for _, key := range keys {
		h, err := history(ctx, l, key)
		if err != nil {
			return o, err
		}
		lease, err := l.Lease(ctx, key.LeaseName())
		if err != nil {
			return o, err
		}
		view := releaseView{history: h, lease: lease}
		if len(args) == 0 {
			view.formers = renamedFrom(h)
			if view.waits, err = waitingParts(ctx, l, h); err != nil {
				return o, err
			}
		} else {
			if view.formers, err = release.Formers(ctx, l, h); err != nil {
				return o, err
			}
			var away *scope.UnreadableError
			if view.needs, err = needsOf(ctx, l, h); errors.As(err, &away) {
				o.notes = append(o.notes, err.Error())
			} else if err != nil {
				return o, err
			}
		}
		o.releases = append(o.releases, view)
		if len(args) == 0 {
			continue
		}
		// One release over many targets is shown with its parts.
		parts, err := partsOf(ctx, l, h)
		if err != nil {
			return o, err
		}
		for _, part := range parts {
			h, err := history(ctx, l, part)
			if err != nil {
				return o, err
			}
			lease, err := l.Lease(ctx, part.LeaseName())
			if err != nil {
				return o, err
			}
			o.releases = append(o.releases, releaseView{history: h, lease: lease})
		}
	}
	// What is above may be away, and this shows the rest all the same.
	if o.holds, err = hold.Everywhere(ctx, l); err != nil {
		if _, own := hold.List(ctx, l); own != nil {
			return o, err
		}
		o.notes = append(o.notes, err.Error())
		err = nil
	}
	if len(args) > 0 {
		o.holds = slices.DeleteFunc(o.holds, func(h hold.Hold) bool {
			return !h.Scope.Matches(gate.Subject{Service: keys[0].Service, Environment: keys[0].Environment})
		})
	}
	return o, err
}

func (a *app) statusJSON(o overview) statusJSON {
	out := statusJSON{Ledger: o.id, Releases: []releaseJSON{}, Holds: []holdJSON{}}
	for _, v := range o.releases {
		out.Releases = append(out.Releases, a.releaseJSON(v))
	}
	for _, h := range o.holds {
		out.Holds = append(out.Holds, toHold(h, a.clock.Now()))
	}
	return out
}

func (a *app) releaseJSON(v releaseView) releaseJSON {
	h, now := v.history, a.clock.Now()
	out := releaseJSON{
		Release: h.Key.String(), Service: h.Key.Service, Environment: h.Key.Environment,
		Serving: toPayloadOrNull(h.Serving()), State: stateSteady,
		Open: toRollout(h.Key, h.Open(), now), Last: toRollout(h.Key, h.Last(), now),
		Quarantine: quarantineOf(h), Needs: v.needs, Formers: toFormers(v.formers),
	}
	if h.Mixed() {
		out.State = stateMixed
	}
	if open := h.Open(); open != nil {
		out.State = string(open.State)
	}
	if h.Owner != nil {
		out.Owner = &h.Owner.Label
	}
	if v.lease.Holder != "" {
		out.Driver = &v.lease.Holder
	}
	return out
}

// quarantineOf lists what may not be released, by key.
func quarantineOf(h *release.History) []quarantineJSON {
	out := []quarantineJSON{}
	for _, key := range slices.Sorted(maps.Keys(h.Quarantine)) {
		q := h.Quarantine[key]
		out = append(out, quarantineJSON{
			Release: h.Key.String(), Payload: toPayload(q.Payload),
			Reason: q.Reason, By: q.By, At: q.At, Rollout: q.Rollout,
		})
	}
	return out
}
