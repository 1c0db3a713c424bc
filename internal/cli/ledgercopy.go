package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
)

// copyJSON is what sluice ledger copy --json writes.
type copyJSON struct {
	copying.Result
	// DryRun is true when nothing was done; the counts are then of the source.
	DryRun bool `json:"dry_run,omitempty"`
	// SealedSeconds is for how long nobody could append.
	SealedSeconds float64 `json:"sealed_seconds"`
	// OpenRollouts are those that go on at the destination.
	OpenRollouts []string `json:"open_rollouts"`
	// Estimate is of a dry run alone.
	Estimate *estimateJSON `json:"estimate,omitempty"`
	// MayWrite is of a dry run alone: true where the right to write at the destination is
	// enough, false where only a write would show it.
	MayWrite *bool `json:"may_write,omitempty"`
}

// copyFlags are what sluice ledger copy is told.
type copyFlags struct {
	from, to     string
	dryRun, open bool
	// drivers moves it under whoever lives on it.
	drivers bool
}

func (a *app) copyCommand() *cobra.Command {
	var f copyFlags
	cmd := a.reads(&cobra.Command{
		Use:   "copy [--from URL] --to URL",
		Short: "Move the ledger to another place, and seal the old one",
		Long: `Copies every record, declared object and lease to a place where nothing is, of any
kind, and verifies each on the way. The ledger keeps its UUID, so every Terraform
state goes on with it.

While most of it is copied, the old ledger is in use. Then it is sealed: from there
on each append to it fails and names the new place, whichever process or version
makes it. What came meanwhile is copied, the whole is verified, and only then is the
copy a ledger. Reads of the old one go on. A revert under way is not held up: its
records wait beside the process and go to the new place.

It can be cut short anywhere and run again. To give a copy up and open the old
ledger again: sluice ledger unseal.

--dry-run changes nothing, exits as the copy would, and estimates size and time from
a small part of the ledger that it reads. It looks whether the old ledger may be
sealed, as the copy does before anything else, and whether a folder or a database may
be written; of a bucket only a write shows that.

With an open rollout it refuses before it seals, unless --with-open-rollouts says
that they go on at the destination: whoever drives one is stopped at their next
record and has to run again with the new URL. While an agent or another driver lives
on the old ledger it refuses as well, unless --with-drivers says that it may: they
go forward no more, but may take a rollout back that is driven on from the new place.
A target that checks fences refuses them then, and one that does not cannot.`,
		Example: `  sluice ledger copy --to sqlite:moved/ledger.db
  sluice ledger copy --from sqlite:.sluice/ledger.db --to sqlite:moved/ledger.db --dry-run
  sluice ledger copy --to sqlite:moved/ledger.db --with-open-rollouts --with-drivers --json`,
		Args: takes(),
	})
	cmd.Flags().StringVar(&f.from, "from", "", "URL of the ledger to move (default: --ledger)")
	cmd.Flags().StringVar(&f.to, "to", "", "URL of the place to move it to, where nothing is (required)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what there is to copy, how long it may take and whether it could begin, and change nothing")
	cmd.Flags().BoolVar(&f.open, "with-open-rollouts", false, "move although rollouts are open, which go on at the destination")
	cmd.Flags().BoolVar(&f.drivers, "with-drivers", false, "move although agents or others live on the old ledger, which do not follow")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error { return a.copyLedger(ctx, f) })
	return cmd
}

func (a *app) copyLedger(ctx context.Context, f copyFlags) error {
	if f.from != "" {
		a.ledgerURL = f.from
	}
	from, err := a.url()
	if err != nil {
		return err
	}
	if f.to == "" {
		return badInput("--to is missing: it names the place to move the ledger to, for example --to postgres://ledger.example/sluice")
	}
	if err := ledgers.Check(f.to); err != nil {
		return badInput("--to: %w", err)
	}
	fromPlace, toPlace := placeOf(from), placeOf(f.to)
	if fromPlace == toPlace {
		return badInput("--to is the ledger that is to be moved, %s; name another place", toPlace)
	}
	return a.upwards(ctx, ledgers.Options{MustExist: true}, func(l ledger.Ledger) error {
		source, ok := ledger.As[ledger.Source](l)
		if !ok {
			return fmt.Errorf("%s cannot be moved", fromPlace)
		}
		if err := maySeal(ctx, source, toPlace); err != nil {
			return err
		}
		if f.dryRun {
			return a.dryCopy(ctx, source, f, fromPlace, toPlace)
		}
		return a.copyFrom(ctx, source, f, fromPlace, toPlace)
	})
}

// maySeal refuses a source that is sealed for another place, or that whoever moves it may
// not seal: before anything is made or copied.
func maySeal(ctx context.Context, source ledger.Source, toPlace string) error {
	s, err := source.Sealing(ctx)
	switch {
	case err != nil:
		return err
	case s != nil && s.To != toPlace:
		return &ledger.SealedError{Sealing: *s}
	}
	if err := source.MaySeal(ctx); err != nil {
		return fmt.Errorf("the ledger that is to be moved: %w", err)
	}
	return nil
}

// copyFrom opens the destination and moves the ledger there.
func (a *app) copyFrom(ctx context.Context, source ledger.Source, f copyFlags, fromPlace, toPlace string) (err error) {
	id, err := source.ID(ctx)
	if err != nil {
		return err
	}
	to, err := ledgers.Open(ctx, f.to, ledgers.Options{CopyOf: id, Clock: a.clock})
	if errors.Is(err, ledger.ErrReadOnly) {
		// As the dry run has it: which right is missing, and how it is given.
		if _, why := ledgers.MayWrite(ctx, f.to, ledgers.Options{Clock: a.clock}); why != nil {
			err = why
		}
	}
	if err != nil {
		return fmt.Errorf("the destination: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	destination, ok := ledger.As[ledger.Destination](to)
	if !ok {
		return fmt.Errorf("%s cannot be a copy", toPlace)
	}
	if !f.open {
		if err := noneOpen(ctx, source); err != nil {
			return err
		}
	}
	living := &drivers{source: source, clock: a.clock}
	if _, _, err := living.look(ctx); err != nil {
		return err
	}
	shown := a.copyProgress()
	var rollouts []string
	c := &copying.Copy{
		From: source, To: destination, FromPlace: fromPlace, ToPlace: toPlace, Actor: a.actor(), Clock: a.clock, Progress: shown.show,
		BeforeSeal: func(ctx context.Context) error {
			if !f.open {
				if err := noneOpen(ctx, source); err != nil {
					return err
				}
			}
			if s, err := source.Sealing(ctx); err == nil && s == nil && !f.drivers {
				if err := living.none(ctx); err != nil {
					return err
				}
			}
			if !f.open {
				return nil
			}
			rollouts, err = openRollouts(ctx, source)
			return err
		},
	}
	res, err := c.Run(ctx)
	shown.end()
	if err != nil {
		return cutShort(ctx, err, source, toPlace)
	}
	return a.copied(res, rollouts)
}

// cutShort says where a copy that failed stands. One that was refused needs another
// place or another right, and running it again as it was would not help.
func cutShort(ctx context.Context, err error, source ledger.Source, toPlace string) error {
	var sealed *ledger.SealedError
	if errors.As(err, &sealed) {
		return err
	}
	if errors.Is(err, copying.ErrTaken) || errors.Is(err, ledger.ErrUnfinished) {
		return fmt.Errorf("the destination: %w", err)
	}
	s, readErr := source.Sealing(context.WithoutCancel(ctx))
	state, again := "The old ledger is in use as before, and the copy is unfinished.", "Run the same command again: it goes on where it was."
	if errors.Is(err, ledger.ErrReadOnly) {
		again = "Run it again with the right that is missing: it goes on where it was."
	}
	switch {
	case readErr == nil && s != nil && s.To == toPlace:
		state = "The old ledger is sealed, and the copy is unfinished: nobody can release until it is\nfinished or given up. Reverts go on."
	case readErr == nil && errors.Is(err, ledger.ErrReadOnly):
		// Nothing is sealed, so there is nothing to give up.
		return &toldError{summary: "Unable to move the ledger: " + err.Error(), detail: "The old ledger is in use as before.\n" + again, err: err}
	}
	return &toldError{
		summary: "Unable to move the ledger: " + err.Error(),
		detail:  state + "\n" + again + " To give up:\nsluice ledger unseal --to " + toPlace + " --reason \"...\"",
		err:     err,
	}
}

func (a *app) copied(res copying.Result, rollouts []string) error {
	if a.asJSON {
		if rollouts == nil {
			rollouts = []string{}
		}
		return a.writeJSON(copyJSON{Result: res, SealedSeconds: res.Sealed.Seconds(), OpenRollouts: rollouts})
	}
	a.say("The ledger %s\nhas moved from %s\nto %s: %s in %s and %s, each verified.", res.Ledger, res.From, res.To,
		plural(res.Records, "record"), plural(uint64(res.Streams), "stream"), plural(uint64(res.Leases), "lease"))
	if res.Sealed >= time.Second {
		a.say("Nobody could append for %s.", span(res.Sealed.Round(time.Second)))
	}
	a.say("The old ledger is sealed and can be read.")
	for _, name := range rollouts {
		a.say("An open rollout goes on there: sluice continue %s", name)
	}
	a.note("Name it from now on, in the provider block's ledger, SLUICE_LEDGER and --ledger.")
	return nil
}

// openRollouts lists the releases with an open rollout.
func openRollouts(ctx context.Context, l ledger.Ledger) ([]string, error) {
	o, err := look(ctx, l, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range o.releases {
		if r.history.Open() != nil {
			names = append(names, r.history.Key.String())
		}
	}
	return names, nil
}

func noneOpen(ctx context.Context, source ledger.Source) error {
	if s, err := source.Sealing(ctx); err != nil || s != nil {
		return err // It is sealed already: what is open stays so until the copy is finished.
	}
	names, err := openRollouts(ctx, source)
	if err != nil || len(names) == 0 {
		return err
	}
	return fmt.Errorf("a rollout is open: %s; wait for its end (sluice wait %s), or move it along by --with-open-rollouts: whoever drives it is stopped at the next record, and goes on with the new URL", strings.Join(names, ", "), names[0])
}

// placeOf names the place of a ledger without anything secret, the same for every
// working directory.
func placeOf(url string) string {
	if path, ok := ledgers.SQLitePath(url); ok {
		if abs, err := filepath.Abs(path); err == nil {
			return "sqlite:" + filepath.ToSlash(abs)
		}
	}
	return ledgers.Place(url)
}
