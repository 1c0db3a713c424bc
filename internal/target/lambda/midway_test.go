package lambda_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/midway"
)

// Something of AWS goes wrong while some users have the new version: the ledger says what
// is so then, and at the end.
func TestTheLedgerIsTrue(t *testing.T) {
	every := func(code string, operations ...string) func(string) awstest.Fault {
		return func(op string) awstest.Fault {
			for _, o := range operations {
				if o == op || o == "" {
					return awstest.Fault{Status: 403, Code: code}
				}
			}
			return awstest.Fault{}
		}
	}
	for name, c := range map[string]struct {
		fault func(string) awstest.Fault
		alter func(*lambdatest.Function)
		mend  func(*lambdatest.Function)
		ends  release.State
		says  []string
	}{
		"the credentials expire": {fault: every("ExpiredTokenException", ""), ends: release.Succeeded, says: []string{"does not take the credentials", "aws sts get-caller-identity"}},
		"a right is taken away":  {fault: every("AccessDeniedException", "UpdateAlias"), says: []string{"may not do lambda:UpdateAlias", "docs/policies"}},
		"the alias is deleted": {
			alter: func(f *lambdatest.Function) { f.Alias.Gone = true },
			mend: func(f *lambdatest.Function) {
				f.Alias.Gone = false
				f.Route("1", nil)
			},
			says: []string{"no function checkout with the alias live"}},
		"somebody moves the weights": {
			alter: func(f *lambdatest.Function) { f.Route("1", map[string]float64{"2": 0.4}) },
			says:  []string{"somebody moved the target: it has 1.1.0 at 40 %, the rollout left 1.1.0 at 5 %"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			clk, book := clock.NewAuto(start), mem.New(start)
			live := func() (weight float64) {
				s.Change(func(f *lambdatest.Function) {
					if weight = f.Alias.Weights["2"] * 100; f.Alias.Version == "2" {
						weight = 100
					}
					if f.Alias.Gone {
						weight = 0
					}
				})
				return weight
			}
			midway.Tell(t, midway.Story{
				Book: book, Abort: c.alter != nil, Request: want(t, s, b), Old: old, Live: live, Ends: c.ends, Says: c.says,
				Engine: func(name string) *release.Engine { return drive(book, clk, name) },
				Break: func(failed func()) {
					broken := false
					s.After(func(string) {
						if broken || live() != 5 {
							return
						}
						broken = true
						if c.alter != nil {
							s.Change(c.alter)
						}
						s.Faults(func(op string) awstest.Fault {
							var f awstest.Fault
							if c.fault != nil {
								f = c.fault(op)
							}
							if f.Code != "" || c.alter != nil && op == "GetAlias" {
								failed()
							}
							return f
						})
					})
				},
				Heal: func() {
					s.Faults(nil)
					s.After(nil)
					if c.mend != nil {
						s.Change(c.mend)
					}
				},
			})
		})
	}
}
