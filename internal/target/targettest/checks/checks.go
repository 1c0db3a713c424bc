// Package checks holds a target to the contract of the port, outside of any
// test: `sluice contract test` runs it against anybody's server, and the package
// above it runs it under go test.
package checks

import (
	"context"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Check is one rule of the contract.
type Check struct {
	// Name is short and stable, for people and scripts: "fence/stale".
	Name string
	// Why says what would happen to users if a target broke the rule.
	Why string
	// Needs names the capabilities, by their JSON names, without which the rule
	// does not apply.
	Needs []string
	// Empty is true for a rule about a target where nothing has ever served.
	Empty bool
	// Run returns what is broken.
	Run func(ctx context.Context, env *Env) error
}

// Status is what came of a check.
type Status string

// The three outcomes. A check that does not apply is not a pass.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	NotApplicable Status = "not_applicable"
)

// Result is the outcome of one check.
type Result struct {
	Name   string `json:"name"`
	Why    string `json:"why"`
	Status Status `json:"status"`
	// Detail says what is broken, or why the check does not apply.
	Detail string `json:"detail,omitempty"`
}

// All lists the checks in the order in which they should run: those for an empty
// target come first.
func All() []Check {
	var all []Check
	for _, some := range [][]Check{emptyChecks(), prepareChecks(), trafficChecks(), writeChecks(), routingChecks(), switchChecks(), inputChecks()} {
		all = append(all, some...)
	}
	return all
}

// Applies says whether the check applies to the target, and otherwise why not.
func (c Check) Applies(caps target.Capabilities, empty bool) (reason string, applies bool) {
	has := map[string]bool{"weights": caps.Weights, "cohorts": caps.Cohorts, "mirror": caps.Mirror, "batches": caps.Batches,
		"revert_after": caps.RevertAfter, "conditional_write": caps.ConditionalWrite}
	for _, need := range c.Needs {
		if !has[need] {
			return "the target does not have the capability " + need, false
		}
	}
	if c.Empty && !empty {
		return "something serves already", false
	}
	return "", true
}

// RunOne runs one check. A panic of the target's driver is a failure.
func RunOne(ctx context.Context, c Check, env *Env) (r Result) {
	r = Result{Name: c.Name, Why: c.Why, Status: Fail}
	defer func() {
		if p := recover(); p != nil {
			r.Detail = fmt.Sprintf("the driver panicked: %v", p)
		}
	}()
	if err := env.begin(ctx); err != nil {
		r.Detail = err.Error()
		return r
	}
	if reason, applies := c.Applies(env.caps, env.empty); !applies {
		r.Status, r.Detail = NotApplicable, reason
		return r
	}
	if err := c.Run(ctx, env); err != nil {
		r.Detail = err.Error()
		return r
	}
	r.Status = Pass
	return r
}

// Run runs all checks one after the other against one target, and reports each
// as it ends. It changes what the target serves: afterwards A serves alone, as far
// as the target still does what it is asked. A done context ends it early.
func Run(ctx context.Context, env *Env, report func(Result)) []Result {
	var results []Result
	for _, c := range All() {
		if ctx.Err() != nil {
			return results
		}
		r := RunOne(ctx, c, env)
		results = append(results, r)
		if report != nil {
			report(r)
		}
	}
	if len(results) > 0 && env.begin(ctx) == nil {
		_ = env.onlyA(ctx) // What is broken has been reported already.
	}
	return results
}
