package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The types of the resources that matter here.
const (
	typeRelease = "sluice_release"
	typeWindow  = "sluice_change_window"
	typeNeeded  = "sluice_external_dependency"
)

// plannedChanges is what a plan says about releases.
type plannedChanges struct {
	rollouts []plannedRollout
	// windows are the change windows, and the external dependencies, that the same plan
	// changes: the ledger does not have them yet.
	windows []string
}

// plannedRollout is one rollout that an apply of the plan would open.
type plannedRollout struct {
	address, action string
	after           plannedRelease
}

// plannedRelease is a sluice_release in a plan, as far as the gates ask. What is
// not known yet is null.
type plannedRelease struct {
	Service             string                     `json:"service"`
	ServiceDefinition   plannedDefinition          `json:"service_definition"`
	Environment         plannedDefinition          `json:"environment"`
	Artifact            artifact.Artifact          `json:"artifact"`
	ConfigurationDigest string                     `json:"configuration_digest"`
	Target              map[string]json.RawMessage `json:"target"`
	Targets             []plannedTarget            `json:"targets"`
	Waves               *release.Waves             `json:"waves"`
	Strategy            plannedDefinition          `json:"strategy"`
	RollbackPolicy      plannedDefinition          `json:"rollback_policy"`
	Irreversible        bool                       `json:"irreversible"`
	Mode                string                     `json:"mode"`
	Evidence            []gate.Evidence            `json:"evidence"`
}

// plannedTarget is one target of a release over many.
type plannedTarget struct {
	Name   string                     `json:"name"`
	Region string                     `json:"region"`
	Target map[string]json.RawMessage `json:"target"`
}

// plannedDefinition is a declared object as a release takes it.
type plannedDefinition struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

func (r plannedRelease) payload() artifact.Payload {
	return artifact.Payload{Artifact: r.Artifact, ConfigurationDigest: r.ConfigurationDigest}
}

// readPlan reads what terraform show -json prints.
func (a *app) readPlan(path string) (plannedChanges, error) {
	const example = "for example: terraform show -json tfplan > plan.json"
	var out plannedChanges
	raw, err := readFileOr(path, a.stdin)
	if err != nil {
		return out, badInput("--plan cannot be read: %w; it names a plan in JSON, %s", err, example)
	}
	var plan tfjson.Plan
	if err := json.Unmarshal(raw, &plan); err != nil {
		return out, badInput("--plan %s is no plan in JSON: %w; %s", path, err, example)
	}
	for _, rc := range plan.ResourceChanges {
		if rc == nil || rc.Change == nil || rc.Mode != tfjson.ManagedResourceMode || rc.Change.Actions.NoOp() {
			continue
		}
		if rc.Type == typeWindow || rc.Type == typeNeeded {
			out.windows = append(out.windows, rc.Address)
		}
		if rc.Type != typeRelease {
			continue
		}
		rollout, opens, err := toRolloutPlan(rc)
		if err != nil {
			return out, badInput("--plan %s: %s is not a release that this version understands: %w", path, rc.Address, err)
		}
		if opens {
			out.rollouts = append(out.rollouts, rollout)
		}
	}
	return out, nil
}

// toRolloutPlan says whether the change opens, or goes on with, a rollout: another
// payload, a new release, or a serving that only the apply will know.
func toRolloutPlan(rc *tfjson.ResourceChange) (plannedRollout, bool, error) {
	out := plannedRollout{address: rc.Address, action: "update"}
	actions := rc.Change.Actions
	if actions.Delete() || actions.Read() || actions.Forget() {
		return out, false, nil
	}
	var before plannedRelease
	var unknown struct {
		Serving  any `json:"serving"`
		Evidence any `json:"evidence"`
	}
	err := errors.Join(remarshal(rc.Change.After, &out.after), remarshal(rc.Change.Before, &before),
		remarshal(rc.Change.AfterUnknown, &unknown))
	if unknown.Evidence == true {
		out.after.Evidence = []gate.Evidence{{Kind: "evidence", Digest: out.after.Artifact.Digest(), Status: gate.Unknown, Reason: "it is known only at apply"}}
	}
	if !actions.Update() {
		out.action = "create"
		return out, true, err
	}
	return out, out.after.payload().Key() != before.payload().Key() || unknown.Serving == true, err
}

func remarshal(from, into any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

func readFileOr(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

// forecastPlan asks about every rollout of the plan, in the order of addresses.
func (a *app) forecastPlan(ctx context.Context, l ledger.Ledger, plan plannedChanges) ([]forecastJSON, error) {
	list := []forecastJSON{}
	slices.SortFunc(plan.rollouts, func(x, y plannedRollout) int { return strings.Compare(x.address, y.address) })
	for _, r := range plan.rollouts {
		spec, warnings, err := specOf(ctx, l, r.after)
		if err != nil {
			return nil, err
		}
		for _, w := range plan.windows {
			warnings = append(warnings, "the plan also changes "+w+"; the gates know the windows as they are now")
		}
		f, err := a.forecast(ctx, l, r.address, r.action, spec, warnings)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}
