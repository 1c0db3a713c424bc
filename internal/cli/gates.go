package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (a *app) gatesCommand() *cobra.Command {
	var planFile string
	var markdown bool
	cmd := a.reads(&cobra.Command{
		Use:   "gates [RELEASE]",
		Short: "Show what stands in the way of a release now, and until when",
		Long: `Asks the gates whether a release may go forward now, with the artifact of its last
rollout; an apply that a gate refused has opened none, so ask for that with --plan.

With --plan it asks for every rollout that a saved plan would open; the file is
that plan in JSON, or - for standard input. A saved plan drops the provider's
warnings, so this is what a pull request shows instead, with --markdown.

The gates are asked again at apply. The exit code is 3 when one of them does not
pass. A rollback passes through no gate.`,
		Example: `  sluice gates checkout/production
  terraform show -json tfplan > plan.json
  sluice gates --plan plan.json --markdown
  sluice gates --plan plan.json --json`,
		Args: takes("[RELEASE]"),
	})
	cmd.Flags().StringVar(&planFile, "plan", "", "plan in JSON, from terraform show -json; - reads standard input")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "write Markdown, for a pull request")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := exclusive(cmd, "json", "markdown"); err != nil {
			return err
		}
		if (len(args) == 1) == (planFile != "") {
			return badInput("gates takes a release or --plan FILE, and one of them only; for example: sluice gates checkout/production")
		}
		var plan plannedChanges
		var err error
		if planFile != "" {
			if plan, err = a.readPlan(planFile); err != nil {
				return err
			}
		}
		return a.reading(ctx, func(l ledger.Ledger) error {
			var list []forecastJSON
			if planFile != "" {
				list, err = a.forecastPlan(ctx, l, plan)
			} else {
				list, err = a.forecastRelease(ctx, l, args[0])
			}
			if err != nil {
				return err
			}
			switch {
			case a.asJSON:
				err = a.writeJSON(list)
			case markdown:
				a.gatesMarkdown(list)
			default:
				a.gatesText(list)
			}
			return errors.Join(err, blockedOf(list))
		})
	})
	return cmd
}

// forecastRelease asks for what the release last wished for.
func (a *app) forecastRelease(ctx context.Context, l ledger.Ledger, name string) ([]forecastJSON, error) {
	key, err := parseRelease(name)
	if err != nil {
		return nil, err
	}
	h, err := history(ctx, l, key)
	if err != nil {
		return nil, err
	}
	if h.Spec == nil {
		return nil, fmt.Errorf("the ledger has no specification of %s yet, so no gate can be asked; the next terraform apply records one", key)
	}
	var warnings []string
	if serving := h.Serving(); serving != nil && serving.Same(h.Spec.Payload) && h.Open() == nil {
		warnings = append(warnings, h.Spec.Payload.Label()+" serves already; what another artifact would meet: sluice gates --plan plan.json")
	}
	f, err := a.forecast(ctx, l, "", "", *h.Spec, warnings)
	return []forecastJSON{f}, err
}

// forecast asks gates and target. What keeps the target from answering is a
// warning, since it may be back at apply.
func (a *app) forecast(ctx context.Context, l ledger.Ledger, address, action string, spec release.Spec, warnings []string) (forecastJSON, error) {
	e := a.forecaster(l)
	e.CallTimeout = lookTimeout
	h, err := e.Load(ctx, spec.Key())
	if err != nil && !errors.Is(err, release.ErrUnknown) {
		return forecastJSON{}, err
	}
	if err == nil && h.Open() != nil {
		warnings = append(warnings, underWay(h.Open(), spec))
	}
	f, err := e.Forecast(ctx, spec)
	if ctx.Err() != nil {
		return forecastJSON{}, ctx.Err()
	}
	if err != nil {
		warnings = append(warnings, "the target could not be asked: "+err.Error())
	}
	return toForecast(address, action, f, warnings), nil
}

// underWay says what the next apply does with the rollout that is open.
func underWay(open *release.Rollout, spec release.Spec) string {
	then := "it is aborted and goes back first"
	if open.Spec.Payload.Same(spec.Payload) {
		then = "the next apply goes on with it"
	}
	return fmt.Sprintf("rollout %d (%s, %s at %s) is open; %s", open.Number, open.Spec.Payload.Label(), words(open.State), percent(open.Weight), then)
}

// blockedOf is the error of a forecast that does not let everything start now.
func blockedOf(list []forecastJSON) error {
	var names []string
	for _, f := range list {
		if !f.CanStart {
			names = append(names, f.Release+" "+versionOf(f.Payload))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &ExitError{Code: Blocked, Err: fmt.Errorf("blocked now: %s", strings.Join(names, ", "))}
}
