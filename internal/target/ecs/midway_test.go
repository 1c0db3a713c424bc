package ecs_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/midway"
)

// Something of AWS goes wrong while some users have the new tasks: the ledger says what
// is so then, and at the end.
func TestTheLedgerIsTrue(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(string) awstest.Fault
		alter func(*ecstest.Service)
		mend  func(*ecstest.Service)
		// abort lets a person abort it in the end.
		abort bool
		ends  release.State
		says  []string
	}{
		"the credentials expire": {fault: func(string) awstest.Fault { return awstest.Fault{Status: 400, Code: "ExpiredTokenException"} }, ends: release.Succeeded, says: []string{"does not take the credentials", "aws sts get-caller-identity"}},
		"a right is taken away": {fault: func(op string) awstest.Fault {
			if op == "ContinueServiceDeployment" || op == "StopServiceDeployment" {
				return awstest.Fault{Status: 400, Code: "AccessDeniedException"}
			}
			return awstest.Fault{}
		}, says: []string{"may not do ecs:ContinueServiceDeployment"}},
		"the cluster is deleted": {
			alter: func(s *ecstest.Service) { s.NoCluster = true },
			mend:  func(s *ecstest.Service) { s.NoCluster = false },
			says:  []string{"no cluster production"}},
		"somebody moves the rule": {
			alter: func(s *ecstest.Service) { s.Weights[ecstest.Blue], s.Weights[ecstest.Green] = 60, 40 },
			abort: true, says: []string{"somebody moved the target: it has 1.1.0 at 40 %"}},
	} {
		t.Run(name, func(t *testing.T) {
			clk, book := clock.NewAuto(start), mem.New(start)
			s := serve(t, clk)
			live := func() (weight float64) {
				s.Change(func(e *ecstest.Service) {
					sum := e.Weights[ecstest.Blue] + e.Weights[ecstest.Green]
					weight = 100 * float64(e.Weights[ecstest.Green]) / float64(sum)
				})
				return weight
			}
			midway.Tell(t, midway.Story{
				Book: book, Abort: c.abort, Request: want(t, s, b, canary(10)), Old: old, Live: live, Ends: c.ends, Says: c.says,
				Engine: func(name string) *release.Engine { return drive(book, clk, name) },
				Break: func(failed func()) {
					broken := false
					s.After(func(string) {
						if broken || live() != 10 {
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
							if f.Code != "" || c.alter != nil && op == "ListServiceDeployments" {
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
