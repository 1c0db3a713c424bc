package cli

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

// queriesJSON is what sluice signal queries --json writes.
type queriesJSON struct {
	Preset string `json:"preset"`
	// Config is the preset written out, with the address and the arms that were
	// given: the content of the attribute prometheus.
	Config  prometheus.Config    `json:"config"`
	Queries []prometheus.Printed `json:"queries"`
	// Selector is the one by which a look asks for the samples of all metrics.
	Selector string `json:"selector"`
}

type queriesFlags struct {
	label, baseline, canary string
	match                   []string
	slowerThan, window      string
}

func (a *app) signalCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "signal",
		Short:   "Look into the sources of counts",
		Example: "  " + queriesExample,
	}, a.signalQueriesCommand())
}

const queriesExample = "sluice signal queries haproxy --match proxy=checkout"

func (a *app) signalQueriesCommand() *cobra.Command {
	var f queriesFlags
	presets := strings.Join(slices.Sorted(maps.Keys(prometheus.Presets())), ", ")
	cmd := a.reads(&cobra.Command{
		Use:   "queries PRESET",
		Short: "Print the queries of a preset for Prometheus",
		Long: `Prints what a preset of the signal prometheus counts, as queries to try in
Prometheus itself. Sluice asks for the raw samples of all of them at once and counts
exactly; the increase() of these queries is extrapolated, so it differs a little.

The presets: ` + presets + `.`,
		Example: "  " + queriesExample + "\n  sluice signal queries envoy --baseline checkout --canary checkout_canary" +
			"\n  sluice signal queries haproxy --label server --baseline old --canary new --match proxy=checkout --slower-than 500ms --window 10m --json",
		Args: takes("PRESET"),
	})
	flags := cmd.Flags()
	flags.StringVar(&f.label, "label", "", "label that tells the arms apart (default: the preset's)")
	flags.StringVar(&f.baseline, "baseline", "", "its value on the old artifact (default: an example)")
	flags.StringVar(&f.canary, "canary", "", "its value on the new artifact (default: an example)")
	flags.StringArrayVar(&f.match, "match", nil, "LABEL=PATTERN that narrows all series down; may be repeated")
	flags.StringVar(&f.slowerThan, "slower-than", "250ms", "from when on a request is slow")
	flags.StringVar(&f.window, "window", "5m", "over how long the events are counted")
	cmd.RunE = a.does(func(_ context.Context, args []string) error { return a.printQueries(args[0], f) })
	return cmd
}

func (a *app) printQueries(name string, f queriesFlags) error {
	preset, ok := prometheus.Presets()[name]
	if !ok {
		return badInput("no preset is called %q; there are %s; for example: %s", name,
			strings.Join(slices.Sorted(maps.Keys(prometheus.Presets())), ", "), queriesExample)
	}
	slowerThan, problem := field.ParseDuration(f.slowerThan, false)
	if problem != "" {
		return badInput("--slower-than: %s", problem)
	}
	window, problem := field.ParseDuration(f.window, false)
	if problem != "" {
		return badInput("--window: %s", problem)
	}
	config, err := f.fill(preset)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return err
	}
	out := queriesJSON{Preset: name, Config: config}
	var errs field.Errors
	if out.Queries, out.Selector, errs = prometheus.Print(raw, slowerThan, window); len(errs) > 0 {
		return badInput("%w", errs)
	}
	if a.asJSON {
		return a.writeJSON(out)
	}
	a.sayQueries(out, window)
	return nil
}

// fill puts the flags into the preset.
func (f queriesFlags) fill(c prometheus.Config) (prometheus.Config, error) {
	arms := *c.Arms
	c.Arms = &arms
	for _, s := range []struct {
		given string
		into  *string
	}{{f.label, &arms.Label}, {f.baseline, &arms.Baseline}, {f.canary, &arms.Canary}} {
		if s.given != "" {
			*s.into = s.given
		}
	}
	match := maps.Clone(c.Match)
	for _, pair := range f.match {
		label, pattern, ok := strings.Cut(pair, "=")
		if !ok || label == "" {
			return c, badInput("--match: %q is not LABEL=PATTERN, for example --match namespace=shop", pair)
		}
		if match == nil {
			match = map[string]string{}
		}
		match[label] = pattern
	}
	c.Match = match
	// The queries do not depend on it, and a configuration has one.
	c.URL = "http://prometheus.internal:9090"
	return c, nil
}

func (a *app) sayQueries(out queriesJSON, window time.Duration) {
	arms := out.Config.Arms
	a.say("preset %s: the label %s is %s on the old artifact and %s on the new one; events of %s", out.Preset, arms.Label, arms.Baseline, arms.Canary, field.FormatDuration(window))
	for _, q := range out.Queries {
		a.say("\n%s, %s\n  all  %s\n  bad  %s", q.Metric, q.Arm, q.All, q.Bad)
	}
	a.say("\nA look asks once, for the samples since the last one:\n  %s", out.Selector)
}
