package environment

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Object describes environments.
func Object() declared.Object {
	return declared.Object{
		Type: "environment", Noun: "environment", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(e release.Environment) field.Errors { return e.Validate() }, nil),
		Guard:     guard,
	}
}

// streams begins the names of the streams of releases.
const streams = "release/"

// guard refuses to delete an environment that releases still need.
func guard(ctx context.Context, c *client.Client, l ledger.Ledger, name string) error {
	heads, err := l.Heads(ctx, streams)
	if err != nil {
		return err
	}
	engine := c.Engine(l)
	var managed, open []string
	for _, head := range heads {
		key, err := release.ParseKey(strings.TrimPrefix(head.Stream, streams))
		// A part of a release over many targets goes with the whole.
		if err != nil || key.Environment != name || key.Target != "" {
			continue
		}
		h, err := engine.Load(ctx, key)
		if err != nil {
			return err
		}
		switch {
		case h.Open() != nil:
			open = append(open, key.String())
		case h.Owner != nil:
			managed = append(managed, fmt.Sprintf("%s (by %s)", key, h.Owner.Label))
		}
	}
	return refusal(managed, open)
}

// refusal says which releases stand in the way, or nil when none does.
func refusal(managed, open []string) error {
	if len(managed)+len(open) == 0 {
		return nil
	}
	lines := []string{"What happened: the environment still has releases."}
	if len(managed) > 0 {
		lines = append(lines, "Managed: "+strings.Join(managed, ", ")+".")
	}
	for _, key := range open {
		lines = append(lines, fmt.Sprintf("A rollout is open: %s; to stop it: sluice abort %s --reason \"...\"", key, key))
	}
	lines = append(lines, "What serves is as it was.", "What to do: remove these releases from their configuration first; the workloads stay as they are.")
	return &declared.GuardError{Why: strings.Join(lines, "\n")}
}
