package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (a *app) driftCommand() *cobra.Command {
	var markdown bool
	cmd := a.reads(&cobra.Command{
		Use:   "drift [RELEASE]",
		Short: "Show what runs otherwise than it was declared and released",
		Long: `Looks at the target of a release, and at what its sluice_drift_check declares
beside it, and compares; without a release, at every one that the ledger has. A
release without a check is compared by what was released alone.

--markdown writes the report for a pull request or a ticket, --json for programs;
its digests are what "accepted" takes. Behind the digest of an artifact stands its
version, where the ledger has it. Credentials and files are looked up by this
process. The exit code is 3 when something has drifted or cannot be seen, unless
all of that is of low severity. Nothing is changed.`,
		Example: `  sluice drift checkout/production
  sluice drift checkout/production --json
  sluice drift --markdown > drift.md`,
		Args: takes("[RELEASE]"),
	})
	cmd.Flags().BoolVar(&markdown, "markdown", false, "write Markdown, for a pull request or a ticket")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := exclusive(cmd, "json", "markdown"); err != nil {
			return err
		}
		return a.reading(ctx, func(l ledger.Ledger) error {
			checks, err := a.driftChecks(ctx, l, args)
			if err != nil {
				return err
			}
			reports, err := a.driftReports(ctx, l, checks)
			if err != nil {
				return err
			}
			switch {
			case a.asJSON:
				err = a.writeJSON(toDrift(reports))
			case markdown:
				a.driftMarkdown(reports)
			default:
				a.driftText(reports)
			}
			return errors.Join(err, driftedOf(reports))
		})
	})
	return cmd
}

// driftChecks gives the check of each release asked for, declared or not.
func (a *app) driftChecks(ctx context.Context, l ledger.Ledger, args []string) ([]drift.Check, error) {
	var keys []release.Key
	if len(args) > 0 {
		key, err := parseRelease(args[0])
		if err != nil {
			return nil, err
		}
		if _, err := history(ctx, l, key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	} else {
		var err error
		if keys, err = releases(ctx, l); err == nil {
			keys = single(keys)
		}
		if err != nil {
			return nil, err
		}
	}
	checks := make([]drift.Check, 0, len(keys))
	for _, key := range keys {
		check := drift.Check{Name: drift.NameOf(key), Release: key}
		found, err := ledger.GetObject(ctx, l, drift.ObjectKind, check.Name)
		if err == nil {
			check, err = drift.Decode(found.Content)
		}
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func (a *app) driftReports(ctx context.Context, l ledger.Ledger, checks []drift.Check) ([]drift.Report, error) {
	looker := a.looker(l)
	looker.Versions = func(ctx context.Context, service string) (map[string]string, error) {
		return release.Versions(ctx, l, service)
	}
	reports := make([]drift.Report, 0, len(checks))
	for _, check := range checks {
		report, err := looker.Look(ctx, check, a.clock.Now())
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// driftedOf is the error of reports that are not all clean.
func driftedOf(reports []drift.Report) error {
	var names []string
	for _, r := range reports {
		if r.Status != drift.StatusClean && r.Severity != drift.SeverityLow {
			names = append(names, fmt.Sprintf("%s (%s)", r.Key, r.Status))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &ExitError{Code: Blocked, Err: fmt.Errorf("not clean: %s", strings.Join(names, ", "))}
}

const noReleases = "The ledger has no releases."

func (a *app) driftMarkdown(reports []drift.Report) {
	if len(reports) == 0 {
		a.say(noReleases)
	}
	for _, r := range reports {
		a.say("### %s\n\n%s", r.Key, r.Markdown())
	}
}

func (a *app) driftText(reports []drift.Report) {
	if len(reports) == 0 {
		a.say(noReleases)
	}
	for _, r := range reports {
		a.say("%s", prose.Wrapped(r.Summary(), "", width(a.stdout)))
		row := func(f drift.Finding, note string) {
			if f.Severity != drift.SeverityMedium {
				note = strings.TrimSuffix(string(f.Severity)+"; "+note, "; ")
			}
			if note != "" {
				note = " (" + note + ")"
			}
			a.say("%s", prose.Wrapped(f.String()+note, "  ", width(a.stdout)))
		}
		for _, f := range r.Differences {
			row(f, f.Note)
		}
		for _, i := range r.Ignored {
			row(i.Finding, "ignored until "+instant(i.Expires)+": "+i.Reason)
		}
		for _, c := range r.Accepted {
			row(c.Finding, "accepted: "+c.Reason)
		}
	}
}
