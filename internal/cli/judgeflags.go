package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// kindStrategy is the kind under which the ledger keeps strategies.
const kindStrategy = "deployment_strategy"

// kindPolicy is the one under which it keeps rollback policies.
const kindPolicy = "rollback_policy"

// judgeFlags are the judge's parameters as flags. What is not given stays with
// the strategy, or with the judge's defaults.
type judgeFlags struct {
	params           judge.Params
	template         judge.Metric
	critical, others []string
	strategy         string
}

func (f *judgeFlags) declare(cmd *cobra.Command) {
	d := judge.Defaults()
	flags := cmd.Flags()
	flags.Float64Var(&f.params.AlphaHarm, "alpha-harm", d.AlphaHarm, "chance of a false verdict of harm, per rollout")
	flags.Float64Var(&f.params.AlphaSafe, "alpha-safe", d.AlphaSafe, "chance of a false verdict of safe, per step")
	flags.Float64Var(&f.params.Margin, "margin", d.Margin, "relative increase of the rate that does not matter")
	flags.Float64Var(&f.params.MinAbs, "min-abs", d.MinAbs, "absolute increase of the rate that does not matter, 0 to 1")
	flags.Float64Var(&f.params.SafeRatio, "safe-ratio", d.SafeRatio, "ratio of the rates that safe must rule out, up to 25 %")
	flags.Float64Var(&f.params.SafeRatioLate, "safe-ratio-late", d.SafeRatioLate, "the same, above 25 %")
	flags.Float64Var(&f.template.Dispersion, "dispersion", 0, "variance-to-mean ratio of the counts; 0 for unknown")
	flags.Float64Var(&f.template.Ceiling, "ceiling", 0.01, "rate of bad events that the service may have")
	flags.StringArrayVar(&f.critical, "critical", nil, "a metric that must be proved safe; may be repeated")
	flags.StringArrayVar(&f.others, "metric", nil, "a metric that can only prove harm; may be repeated")
	flags.StringVar(&f.strategy, "strategy", "", "take the parameters from a strategy: its name in the ledger, or a file with its definition in JSON")
}

// replayOptions puts the flags over the strategy, and that over the defaults.
func (a *app) replayOptions(ctx context.Context, cmd *cobra.Command, f *judgeFlags) (judge.ReplayOptions, error) {
	options := judge.ReplayOptions{Params: judge.Defaults(), Template: judge.Metric{Ceiling: f.template.Ceiling, Dispersion: f.template.Dispersion}}
	if f.strategy != "" {
		def, err := a.findStrategy(ctx, f.strategy)
		if err != nil {
			return options, err
		}
		options.Params, options.Metrics = ofAnalysis(def.Analysis)
	}
	changed := cmd.Flags().Changed
	for name, set := range map[string]func(){
		"alpha-harm":      func() { options.Params.AlphaHarm = f.params.AlphaHarm },
		"alpha-safe":      func() { options.Params.AlphaSafe = f.params.AlphaSafe },
		"margin":          func() { options.Params.Margin = f.params.Margin },
		"min-abs":         func() { options.Params.MinAbs = f.params.MinAbs },
		"safe-ratio":      func() { options.Params.SafeRatio = f.params.SafeRatio },
		"safe-ratio-late": func() { options.Params.SafeRatioLate = f.params.SafeRatioLate },
	} {
		if changed(name) {
			set()
		}
	}
	for _, name := range f.critical {
		options.Metrics = declare(options.Metrics, options.Template, name, true)
	}
	for _, name := range f.others {
		options.Metrics = declare(options.Metrics, options.Template, name, false)
	}
	for i := range options.Metrics {
		if changed("ceiling") {
			options.Metrics[i].Ceiling = f.template.Ceiling
		}
		if changed("dispersion") {
			options.Metrics[i].Dispersion = f.template.Dispersion
		}
	}
	return options, nil
}

// declare adds a metric, or changes whether one that is there is critical.
func declare(metrics []judge.Metric, template judge.Metric, name string, critical bool) []judge.Metric {
	for i := range metrics {
		if metrics[i].Name == name {
			metrics[i].Critical = critical
			return metrics
		}
	}
	template.Name, template.Critical = name, critical
	return append(metrics, template)
}

// ofAnalysis gives the judge what a strategy says. 0 leaves a default.
func ofAnalysis(analysis strategy.Analysis) (judge.Params, []judge.Metric) {
	p := judge.Defaults()
	for value, into := range map[*float64]*float64{
		&analysis.AlphaHarm: &p.AlphaHarm, &analysis.AlphaSafe: &p.AlphaSafe,
		&analysis.Margin: &p.Margin, &analysis.MinAbs: &p.MinAbs,
	} {
		if *value != 0 {
			*into = *value
		}
	}
	var metrics []judge.Metric
	for _, name := range analysis.MetricNames() {
		m := analysis.Metrics[name]
		metrics = append(metrics, judge.Metric{
			Name: name, Critical: m.Critical, Importance: m.Importance, Ceiling: m.Ceiling, Dispersion: m.Dispersion,
		})
	}
	return p, metrics
}

// findStrategy reads a file where there is one of that name, and the ledger
// otherwise.
func (a *app) findStrategy(ctx context.Context, name string) (strategy.Definition, error) {
	def, err := a.readStrategy(ctx, name)
	if err == nil && len(def.Analysis.Metrics) == 0 {
		return def, badInput("--strategy %s judges no metric, so there is nothing to replay; name one with --critical errors instead", name)
	}
	return def, err
}

// readStrategy is findStrategy for a strategy that need not judge anything.
func (a *app) readStrategy(ctx context.Context, name string) (strategy.Definition, error) {
	var def strategy.Definition
	raw, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		err = a.reading(ctx, func(l ledger.Ledger) error {
			o, err := scope.Find(ctx, l, kindStrategy, name)
			raw = o.Content
			return err
		})
	}
	if err != nil {
		return def, badInput("--strategy %s is neither a file nor a strategy in the ledger: %w; it takes the name of a sluice_deployment_strategy or a file with its definition, for example --strategy careful", name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&def); err != nil {
		return def, badInput("--strategy %s is no definition of a strategy: %w; allowed is its JSON, for example {\"name\":\"careful\",\"canary\":{\"steps\":[{\"weight\":100}]},\"bake\":\"10m\",\"analysis\":{\"metrics\":{\"errors\":{\"critical\":true}}}}", name, err)
	}
	return def, nil
}
