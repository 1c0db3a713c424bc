package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// specFile is what --write-spec saves: all that a rollback needs. It holds
// references to credentials and no secrets.
type specFile struct {
	// Format is release.SpecFormat when it was written. A newer one is no reason not
	// to go back: fields that a revert needs never change their meaning.
	Format int `json:"format"`
	// Spec is the release's specification, whose payload is the one to go back to.
	Spec release.Spec `json:"spec"`
	// Ledger and Saved say where it came from, for people.
	Ledger string    `json:"ledger"`
	Saved  time.Time `json:"saved_at"`
}

func (a *app) writeBackSpec(ctx context.Context, l ledger.Ledger, key release.Key, path string) error {
	h, err := operator.SalvagedHistory(ctx, l, key)
	if err != nil {
		return withNames(ctx, l, key, err)
	}
	to := h.BackTo()
	if to == nil || h.Spec == nil {
		return release.ErrNothingBefore
	}
	id, err := l.ID(ctx)
	if err != nil {
		return err
	}
	file := specFile{Format: release.SpecFormat, Spec: *h.Spec, Ledger: id, Saved: a.clock.Now()}
	file.Spec.Payload = *to
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("the specification cannot be saved: %w", err)
	}
	a.note("Saved to %s. To go back to %s by it: sluice rollback --spec %s --reason \"...\"", path, to.Label(), path)
	return nil
}

func readBackSpec(path string, args []string) (specFile, error) {
	var file specFile
	raw, err := os.ReadFile(path)
	if err != nil {
		return file, badInput("--spec %s cannot be read: %w; it names a file that sluice rollback --write-spec wrote, for example checkout.json", path, err)
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&file); err != nil {
		return file, badInput("--spec %s is not what sluice rollback --write-spec writes: %w", path, err)
	}
	spec := file.Spec
	if errs := append(spec.Key().Validate(), spec.Payload.Artifact.Validate().Under("artifact")...); len(errs) > 0 {
		return file, badInput("--spec %s is not what sluice rollback --write-spec writes: %w", path, errs)
	}
	if len(args) > 0 && args[0] != spec.Key().String() {
		return file, badInput("--spec %s is for %s, not for %s; name that one or none", path, spec.Key(), args[0])
	}
	return file, nil
}

// backBySpec goes back without any ledger. Nothing is recorded: the next run that
// can read the ledger finds the target as it is, as drift.
func (a *app) backBySpec(ctx context.Context, args []string, f rollbackFlags) error {
	file, err := readBackSpec(f.spec, args)
	if err != nil {
		return err
	}
	spec := file.Spec
	if f.dryRun {
		return a.planBySpec(ctx, spec, target.Deps{Clock: a.clock, UserAgent: a.userAgent()})
	}
	if err := needReason(f.reason); err != nil {
		return err
	}
	return a.revertBy(ctx, spec, f.reason, "since no ledger was used")
}

// revertBy goes back to the specification's payload at the target alone.
func (a *app) revertBy(ctx context.Context, spec release.Spec, reason, why string) error {
	obs, err := a.salvager().Revert(ctx, spec)
	if err != nil {
		return err
	}
	a.note("Not recorded, %s. Write down: %s, %s by %s: %s", why, instant(a.clock.Now()), spec.Key(), a.actor(), reason)
	a.note("%s", operator.Unrecorded(spec))
	if a.asJSON {
		return a.writeJSON(outcomeJSON{
			Release: spec.Key().String(), Result: string(release.WentBack), Payload: toPayloadOrNull(&spec.Payload),
			Serving: release.ServesText(&obs, time.Time{}), Warnings: []string{},
		})
	}
	a.say("%s is back: %s.", spec.Key(), release.ServesText(&obs, time.Time{}))
	return nil
}

func (a *app) planBySpec(ctx context.Context, spec release.Spec, deps target.Deps) error {
	t, err := a.targetDrivers().Open(ctx, spec.Target, deps)
	if err != nil {
		return err
	}
	obs, err := t.Observe(ctx)
	if err != nil {
		return fmt.Errorf("the target could not be read: %w", err)
	}
	serving := release.ServesText(&obs, time.Time{})
	steps := []string{"send all traffic to " + spec.Payload.Label() + ", at once and without a gate"}
	if a.asJSON {
		return a.writeJSON(backPlanJSON{Release: spec.Key().String(), To: toPayloadOrNull(&spec.Payload), Steps: steps, Serving: serving, Effects: []string{}})
	}
	a.say("A rollback of %s by this file would %s.\nWhat serves now: %s\nNothing was changed.", spec.Key(), steps[0], serving)
	return nil
}
