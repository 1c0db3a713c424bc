package recommend

import (
	"fmt"
	"math"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Validate checks a description. Paths are the members' names.
func (s Service) Validate() field.Errors {
	var errs field.Errors
	within := func(path string, value, low, high float64, what string) {
		if !(value >= low && value <= high) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%v is not %s", value, what)})
		}
	}
	switch {
	case s.RequestsPerMinute == 0:
		errs = append(errs, field.Error{Path: "requests_per_minute", Msg: "the traffic is not given or zero; it must be above 0, since every length follows from it, for example requests_per_minute = 600"})
	default:
		within("requests_per_minute", s.RequestsPerMinute, 1e-3, 1e9, "a traffic in requests a minute; it must be above 0 and at most 1000000000, for example 600")
	}
	if !slices.Contains(SchemaChanges(), string(s.SchemaChange)) {
		errs = append(errs, field.Error{Path: "schema_change", Msg: fmt.Sprintf("%q is not a schema change; it must be none, compatible or incompatible, for example \"compatible\"", s.SchemaChange)})
	}
	within("spare_capacity", s.SpareCapacity, 0, 1, "a share of spare capacity; it must be from 0 % to 100 %, for example \"100%\"")
	if s.GoBackWithin < 0 {
		errs = append(errs, field.Error{Path: "go_back_within", Msg: fmt.Sprintf("%s is negative; it must be a time of at least 0s, for example \"1m\"", s.GoBackWithin)})
	}
	within("double_capacity_cost", s.DoubleCapacityCost, 0, math.MaxFloat64, "a cost of an hour; it must be at least 0, for example 12.5")
	within("error_rate", s.ErrorRate, 0, 0.5, "a usual share of bad events; it must be from 0 % to 50 %, for example \"0.1%\"")
	within("ceiling", s.Ceiling, 1e-6, 0.99, "a ceiling; it must be above 0 % and below 100 %, for example \"1%\"")
	within("harm", s.Harm, 1.1+1e-9, 1000, "a harm to be seen; it must be above 1.1 times the usual errors, which the judge tolerates, and at most 1000, for example 5")
	if s.Dispersion != 0 {
		within("dispersion", s.Dispersion, 1, 1000, "a variance-to-mean ratio; it must be from 1 to 1000, for example 2")
	}
	return errs
}
