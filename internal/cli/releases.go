package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release/survey"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// releasesJSON is what sluice releases --json writes.
type releasesJSON struct {
	Releases []survey.Row `json:"releases"`
}

func (a *app) releasesCommand() *cobra.Command {
	var of []string
	var f survey.Filter
	cmd := a.reads(&cobra.Command{
		Use:   "releases",
		Short: "List the releases of several ledgers in one table",
		Long: `Lists every release of the ledger, and with --of those of other ledgers too: what
should serve by the record, its state, and when its record last grew. It is how an
organisation looks across its business units. Each ledger is read where it is, for
reading alone, and listed once. One that cannot be read is named, and the exit code
says so, since a list without it is not whole. Where no ledger is named but by --of,
and none is in the working directory, those are all.`,
		Example: `  sluice releases
  sluice releases --of acme/retail=sqlite:retail.db --of acme/toys=sqlite:toys.db
  sluice releases --of acme/retail=sqlite:retail.db --environment production --service checkout --state steady --json`,
		Args: takes(),
	})
	cmd.Flags().StringArrayVar(&of, "of", nil, "another ledger, as SCOPE=URL; may be given again for more of them")
	cmd.Flags().StringVar(&f.Service, "service", "", "only releases of this service")
	cmd.Flags().StringVar(&f.Environment, "environment", "", "only releases in this environment")
	cmd.Flags().StringVar(&f.State, "state", "", "only releases in this state, for example steady")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		others, err := scope.ParseAbove(of...)
		switch {
		case err != nil:
			return badInput("--of: %s", strings.Replace(err.Error(), "a scope above is", "a ledger is", 1))
		case f.State != "" && !slices.Contains(survey.States(), f.State):
			return badInput("--state %q is no state of a release; it is one of %s, for example --state %s", f.State, strings.Join(survey.States(), ", "), survey.Steady)
		}
		rows, err := a.survey(ctx, others, f)
		if a.asJSON {
			return errors.Join(err, a.writeJSON(releasesJSON{Releases: append([]survey.Row{}, rows...)}))
		}
		a.releasesText(rows)
		return err
	})
	return cmd
}

// survey lists the ledger and the others. With an error it gives what could be read.
func (a *app) survey(ctx context.Context, others map[string]string, f survey.Filter) ([]survey.Row, error) {
	var rows []survey.Row
	err := a.reading(ctx, func(l ledger.Ledger) (err error) {
		rows, err = survey.Of(ctx, l, f)
		return err
	})
	var exit *ExitError
	switch {
	case err == nil:
	case len(others) == 0, errors.As(err, &exit):
		return nil, err
	case a.unnamed() && (errors.Is(err, ledger.ErrMissing) || errors.Is(err, ledgers.ErrImplicit)):
		// Nobody said that there is one here: the others are what is asked for.
		err = nil
	default:
		err = fmt.Errorf("the ledger cannot be listed: %w", err)
	}
	errs := err
	for _, name := range slices.Sorted(maps.Keys(others)) {
		more, err := a.surveyOf(ctx, name, others[name], f)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("the ledger of %s cannot be listed: %w", name, err))
		}
		rows = survey.Add(rows, more)
	}
	return rows, errs
}

func (a *app) surveyOf(ctx context.Context, name, url string, f survey.Filter) (rows []survey.Row, err error) {
	p, err := scope.ParsePath(name)
	if err != nil {
		return nil, err
	}
	l, err := a.openAbove(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := errors.Join(scope.Is(ctx, l, p), ledger.StillHere(ctx, l)); err != nil {
		return nil, err
	}
	return survey.Of(ctx, l, f)
}

// releasesText writes one table.
func (a *app) releasesText(rows []survey.Row) {
	if len(rows) == 0 {
		a.say("No release.")
		return
	}
	t := newTable("scope", "release", "serving", "state", "changed")
	for _, r := range rows {
		version, state := r.Version, words(r.State)
		if version == "" {
			version = "nothing"
		}
		if r.To != "" {
			state += " to " + r.To
		}
		t.AppendRow(table.Row{r.Scope, r.Release, version, state, r.ChangedAt})
	}
	a.say("%s", t.Render())
}
