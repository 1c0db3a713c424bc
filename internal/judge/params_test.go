package judge

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreTheDesigns(t *testing.T) {
	p := Defaults()
	if fields := p.Validate(); len(fields) > 0 {
		t.Errorf("the defaults are refused: %v", fields)
	}
	got := []float64{p.AlphaHarm, p.AlphaSafe, p.Margin, p.UnknownDispersion, float64(p.NoExposureTicks),
		p.FastLane.MinRequests, p.FastLane.BadShare, p.MinAbs}
	if diff := cmp.Diff([]float64{0.01, 0.05, 0.1, 2, 2, 20, 0.5, 0}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{1.25, 1.5, 2, 3, 5, 10, 30, 100}, p.HarmGrid); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{1, 0.9, 0.75, 0.5, 0.25}, p.SafeGrid); diff != "" {
		t.Error(diff)
	}
}

func TestSafeRatioAt(t *testing.T) {
	for weight, want := range map[float64]float64{0: 2, 5: 2, 25: 2, 25.1: 1.5, 50: 1.5, 100: 1.5, UnknownWeight: 1.5} {
		if got := Defaults().SafeRatioAt(weight); got != want {
			t.Errorf("at %v %%: %v, want %v", weight, got, want)
		}
	}
}

func TestParamsRefuses(t *testing.T) {
	for path, edit := range map[string]func(*Params){
		"alpha_harm":             func(p *Params) { p.AlphaHarm = 0 },
		"alpha_safe":             func(p *Params) { p.AlphaSafe = 0.6 },
		"margin":                 func(p *Params) { p.Margin = -0.1 },
		"harm_grid[1]":           func(p *Params) { p.HarmGrid = []float64{2, 1} },
		"harm_grid":              func(p *Params) { p.HarmGrid = nil },
		"safe_grid[0]":           func(p *Params) { p.SafeGrid = []float64{1.5} },
		"safe_grid[1]":           func(p *Params) { p.SafeGrid = []float64{1, 1} },
		"ceiling_grid[0]":        func(p *Params) { p.CeilingGrid = []float64{0} },
		"safe_ratio":             func(p *Params) { p.SafeRatio = math.NaN() },
		"safe_ratio_late":        func(p *Params) { p.SafeRatioLate = 101 },
		"late_weight":            func(p *Params) { p.LateWeight = 101 },
		"min_abs":                func(p *Params) { p.MinAbs = -1 },
		"one_arm_stake":          func(p *Params) { p.OneArmStake = 1 },
		"unknown_dispersion":     func(p *Params) { p.UnknownDispersion = 0.5 },
		"no_exposure_ticks":      func(p *Params) { p.NoExposureTicks = 0 },
		"fast_lane.min_requests": func(p *Params) { p.FastLane.MinRequests = 0 },
		"fast_lane.bad_share":    func(p *Params) { p.FastLane.BadShare = 1.1 },
		"traffic.alpha":          func(p *Params) { p.Traffic.Alpha = math.Inf(1) },
		"traffic.tolerance":      func(p *Params) { p.Traffic.Tolerance = 0 },
		"traffic.dispersion":     func(p *Params) { p.Traffic.Dispersion = 0 },
		"traffic.grid[0]":        func(p *Params) { p.Traffic.Grid = []float64{1} },
	} {
		t.Run(path, func(t *testing.T) {
			p := Defaults()
			edit(&p)
			wantField(t, p.Validate(), path)
			var invalid *InvalidError
			if _, err := New(p, []Metric{errorsMetric()}); !errors.As(err, &invalid) {
				t.Errorf("New gave %v, want an InvalidError", err)
			}
		})
	}
}

// wantField looks for one error on path, which says what is allowed.
func wantField(t *testing.T, fields []FieldError, path string) {
	t.Helper()
	for _, field := range fields {
		if field.Path == path {
			if !strings.Contains(field.Msg, "allowed") {
				t.Errorf("%q does not say what is allowed", field)
			}
			return
		}
	}
	t.Errorf("no error on %q in %v", path, fields)
}

func TestMetricsRefuses(t *testing.T) {
	good := errorsMetric()
	for _, test := range []struct {
		name, path string
		metrics    []Metric
	}{
		{"none at all", "metrics", nil},
		{"none critical", "metrics", []Metric{{Name: "errors"}}},
		{"empty name", "metrics[0].name", []Metric{{Critical: true}}},
		{"name twice", "metrics[1].name", []Metric{good, good}},
		{"negative importance", "metrics[0].importance", []Metric{{Name: "a", Critical: true, Importance: -1}}},
		{"ceiling above one", "metrics[0].ceiling", []Metric{{Name: "a", Critical: true, Ceiling: 1.5}}},
		{"ceiling is NaN", "metrics[0].ceiling", []Metric{{Name: "a", Critical: true, Ceiling: math.NaN()}}},
		{"dispersion below one", "metrics[0].dispersion", []Metric{{Name: "a", Critical: true, Dispersion: 0.9}}},
		{"unknown kind", "metrics[0].kind", []Metric{{Name: "a", Critical: true, Kind: "gauge"}}},
	} {
		t.Run(test.name, func(t *testing.T) { wantField(t, ValidateMetrics(test.metrics), test.path) })
	}
}

func TestMetricDefaults(t *testing.T) {
	critical := Metric{Name: "a", Critical: true}.WithDefaults()
	if critical.Importance != 3 || critical.Ceiling != 0.01 || critical.Kind != KindRatio || critical.Dispersion != 0 {
		t.Errorf("critical: %+v", critical)
	}
	if plain := (Metric{Name: "a"}).WithDefaults(); plain.Importance != 1 {
		t.Errorf("plain: %+v", plain)
	}
}

func TestInvalidErrorNamesEveryField(t *testing.T) {
	_, err := New(Params{}, nil)
	for _, part := range []string{"alpha_harm", "harm_grid", "at least one", `"critical": true`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not contain %q", err, part)
		}
	}
}
