package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// formerJSON is a release from which another one goes on.
type formerJSON struct {
	Release string `json:"release"`
	// CarriedOver is whether its payloads and quarantine hold under the new name too.
	CarriedOver bool `json:"carried_over"`
	// Rollouts are only in sluice history.
	Rollouts []rolloutJSON `json:"rollouts,omitempty"`
}

// formerText says from which release one goes on, and what that means.
func formerText(key release.Key, f release.Former) string {
	if f.Carried {
		return fmt.Sprintf("%s was %s before; what that one released and its quarantine hold here too", key, f.Key)
	}
	return release.NotCarried(f.History, key)
}

// listFormers shows what the releases that are shown one by one were called, and of all
// others those that have had no rollout under their new name yet.
func (a *app) listFormers(o overview) {
	title := "\nFormerly"
	for _, v := range o.releases {
		key := v.history.Key
		for _, f := range v.formers {
			a.header(&title)
			a.say("%s", prose.Wrapped(formerText(key, f), "  ", width(a.stdout)))
			a.say("    sluice history %s", f.Key)
			key = f.Key
		}
	}
}

// renamedFrom is what the record itself says, without a look at other releases.
func renamedFrom(h *release.History) []release.Former {
	if h.Renamed == nil || h.Last() != nil {
		return nil
	}
	return []release.Former{{History: release.NewHistory(*h.Renamed), Carried: true}}
}

func toFormers(formers []release.Former) []formerJSON {
	var out []formerJSON
	for _, f := range formers {
		out = append(out, formerJSON{Release: f.Key.String(), CarriedOver: f.Carried})
	}
	return out
}

// elsewhere says which rollouts a release has had under other names, for an error about
// one that it has not had; empty for none.
func elsewhere(ctx context.Context, l ledger.Ledger, h *release.History, number int) string {
	formers, err := release.Formers(ctx, l, h)
	if err != nil {
		return ""
	}
	text := ""
	for _, f := range formers {
		if f.Rollout(number) != nil {
			text += fmt.Sprintf("; before it was %s: sluice explain %s", f.Key, rolloutName(f.Key, number))
		}
	}
	return text
}

// hasHad picks the artifact that name means of those that a release has had, by this name or
// by the ones before.
func hasHad(ctx context.Context, l ledger.Ledger, h *release.History, name string) (artifact.Payload, error) {
	list := known(h)
	formers, err := release.Formers(ctx, l, h)
	if err != nil {
		return artifact.Payload{}, err
	}
	for _, f := range formers {
		list = append(list, known(f.History)...)
	}
	return oneOf(list, name, "artifact that "+h.Key.String()+" has had")
}

// nothingBefore names the release that would know where to go back to.
func nothingBefore(ctx context.Context, l ledger.Ledger, key release.Key, err error) error {
	if !errors.Is(err, release.ErrNothingBefore) {
		return err
	}
	h, unread := history(ctx, l, key)
	if unread != nil {
		return err
	}
	formers, unread := release.Formers(ctx, l, h)
	if unread != nil || len(formers) == 0 || formers[0].Carried {
		return err
	}
	return fmt.Errorf("%w; %s", err, formerText(key, formers[0]))
}
