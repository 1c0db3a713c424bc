package recommend

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

func with(change func(*Service)) Service {
	s := Defaults()
	s.RequestsPerMinute = 6000
	change(&s)
	return s
}

func TestWhatIsRecommended(t *testing.T) {
	for name, tc := range map[string]struct {
		service Service
		kind    string
		weights []float64
		// words stand somewhere in the reasons.
		words []string
	}{
		"much traffic": {with(func(s *Service) { s.RequestsPerMinute = 60000 }), "canary", []float64{1, 5, 25, 50, 100},
			[]string{"It begins with 1 %", "at 60,000 requests a minute", "the old version stays whole"}},
		"some traffic":   {with(func(*Service) {}), "canary", []float64{5, 25, 50, 100}, []string{"It begins with 5 %"}},
		"little traffic": {with(func(s *Service) { s.RequestsPerMinute, s.ErrorRate, s.Ceiling = 60, 0.01, 0.05 }), "canary", []float64{50, 100}, []string{"none takes less than 30m"}},
		"no traffic":     {with(func(s *Service) { s.RequestsPerMinute = 1 }), "all_at_once", []float64{100}, []string{"would stand for hours and prove nothing", "not proved safe before the deadline of 30m"}},
		"not side by side": {with(func(s *Service) { s.SideBySide = false }), "all_at_once", []float64{100},
			[]string{"the service is away in between", "the old version has to be started again"}},
		"an incompatible schema": {with(func(s *Service) { s.SchemaChange = IncompatibleSchemaChange }), "all_at_once", []float64{100},
			[]string{"irreversible = true", "not possible without restoring data"}},
		"a compatible schema": {with(func(s *Service) { s.SchemaChange = CompatibleSchemaChange }), "canary", []float64{5, 25, 50, 100}, []string{"the old columns stay"}},
		"no splitting":        {with(func(s *Service) { s.TrafficSplitting = false }), "blue_green", []float64{100}, []string{"there is room for a whole second set", "the old version stays whole until the end of the bake"}},
		"no splitting and little room": {with(func(s *Service) { s.TrafficSplitting, s.SpareCapacity = false, 0.25 }), "rolling", []float64{25, 50, 75, 100},
			[]string{"instances are replaced in batches", "only 25 % of the capacity is spare"}},
		"no splitting and no traffic": {with(func(s *Service) { s.TrafficSplitting, s.RequestsPerMinute = false, 1 }), "blue_green", []float64{100}, []string{"in one step"}},
		"no splitting, no room, no traffic": {with(func(s *Service) { s.TrafficSplitting, s.SpareCapacity, s.RequestsPerMinute = false, 0, 1 }), "all_at_once", []float64{100},
			[]string{"would stand for hours and prove nothing"}},
		"state":   {with(func(s *Service) { s.Stateful = true }), "linear", []float64{25, 50, 75, 100}, []string{"instances hold state"}},
		"no room": {with(func(s *Service) { s.SpareCapacity = 0 }), "rolling", []float64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, []string{"a tenth at a time", "up to a weight of 0 %"}},
		"a cost": {with(func(s *Service) { s.DoubleCapacityCost, s.GoBackWithin = 12.5, minutes(1) }), "canary", []float64{5, 25, 50, 100},
			[]string{"at 12.5 an hour", "1m is wanted"}},
		"back at once": {with(func(s *Service) { s.GoBackWithin = field.Duration(time.Second) }), "canary", []float64{5, 25, 50, 100},
			[]string{"the judge looks every 10s, so 1s is not to be had"}},
		"a harm below the ceiling": {with(func(s *Service) { s.Harm = 5 }), "canary", []float64{5, 25, 50, 100},
			[]string{"no old version to compare with, and 0.5 % is not clearly above the ceiling of 1 %"}},
		"a harm above the ceiling": {with(func(s *Service) { s.Harm = 20 }), "canary", []float64{5, 25, 50, 100}, []string{"20 times the errors at 100 % are seen within"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs := For(tc.service)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			text := strings.Join(got.Reasons, "\n")
			t.Logf("%s, in all %s\n%s", got.Kind, got.Takes, text)
			weights := make([]float64, len(got.Steps))
			for i, s := range got.Steps {
				t.Logf("%v %% at least %s, at most %s: %s", s.Weight, s.AtLeast, s.AtMost, s.Reason)
				weights[i] = s.Weight
			}
			if got.Kind != tc.kind {
				t.Errorf("recommends %s, want %s", got.Kind, tc.kind)
			}
			if diff := cmp.Diff(tc.weights, weights); diff != "" {
				t.Errorf("weights (-want +got):\n%s", diff)
			}
			for _, words := range tc.words {
				if !strings.Contains(text, words) {
					t.Errorf("the reasons do not say %q", words)
				}
			}
			declared(t, got)
		})
	}
}

// declared checks that what is recommended can be declared, and expands to the
// steps that were said.
func declared(t *testing.T, r Recommendation) {
	t.Helper()
	d := r.Strategy
	d.Name = "x"
	if errs := d.Validate(); len(errs) > 0 {
		t.Errorf("the strategy cannot be declared: %v", errs)
	}
	steps, takes := d.Steps(), d.Bake.Std()
	if len(steps) != len(r.Steps) {
		t.Fatalf("the strategy has %d steps, %d are said", len(steps), len(r.Steps))
	}
	for i, s := range steps {
		if s.Traffic.Weight != r.Steps[i].Weight || s.AtLeast != r.Steps[i].AtLeast.Std() || r.Steps[i].AtMost != 0 && s.AtMost != r.Steps[i].AtMost.Std() {
			t.Errorf("step %d is %v for %s, said is %v for %s", i, s.Traffic.Weight, s.AtLeast, r.Steps[i].Weight, r.Steps[i].AtLeast)
		}
		takes += s.AtLeast
	}
	if takes != r.Takes {
		t.Errorf("takes %s, said is %s", takes, r.Takes)
	}
}

// TestMoreTrafficTakesNoLonger holds what the lengths follow from.
func TestMoreTrafficTakesNoLonger(t *testing.T) {
	before := time.Duration(0)
	for _, perMinute := range []float64{96000, 24000, 6000, 1500, 400} {
		p, err := newPower(perMinute, 0.001, 0.01, 0)
		if err != nil {
			t.Fatal(err)
		}
		length, seen := p.harmAfter(25, 5)
		if !seen || length < before {
			t.Errorf("at %v a minute a harm is seen after %s (%v), with four times the traffic after %s", perMinute, length, seen, before)
		}
		before = length
	}
}

func TestADescriptionThatIsWrongIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		service    Service
		path, want string
	}{
		"no traffic":          {with(func(s *Service) { s.RequestsPerMinute = 0 }), "requests_per_minute", "not given or zero"},
		"negative traffic":    {with(func(s *Service) { s.RequestsPerMinute = -1 }), "requests_per_minute", "-1 is not a traffic"},
		"an unknown change":   {with(func(s *Service) { s.SchemaChange = "big" }), "schema_change", `"big" is not a schema change`},
		"more than all":       {with(func(s *Service) { s.SpareCapacity = 1.5 }), "spare_capacity", "from 0 % to 100 %"},
		"a negative time":     {with(func(s *Service) { s.GoBackWithin = -1 }), "go_back_within", "is negative"},
		"a negative cost":     {with(func(s *Service) { s.DoubleCapacityCost = -1 }), "double_capacity_cost", "at least 0"},
		"errors above half":   {with(func(s *Service) { s.ErrorRate = 0.6 }), "error_rate", "from 0 % to 50 %"},
		"no ceiling":          {with(func(s *Service) { s.Ceiling = 0 }), "ceiling", "above 0 %"},
		"a harm that is none": {with(func(s *Service) { s.Harm = 1 }), "harm", "above 1.1 times"},
		"half a dispersion":   {with(func(s *Service) { s.Dispersion = 0.5 }), "dispersion", "from 1 to 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := For(tc.service)
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.want) || !strings.Contains(errs[0].Msg, "for example") {
				t.Errorf("%v; want one on %s that says %q and gives an example", errs, tc.path, tc.want)
			}
		})
	}
}
