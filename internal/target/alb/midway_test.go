package alb_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/midway"
)

// Something of AWS goes wrong while some users have the new tasks: the ledger says what
// is so then, and at the end.
func TestTheLedgerIsTrue(t *testing.T) {
	var cluster *albtest.ECS
	for name, c := range map[string]struct {
		fault func(string) awstest.Fault
		alter func(*albtest.World)
		mend  func(*albtest.World)
		// abort lets a person abort it in the end.
		abort bool
		ends  release.State
		says  []string
	}{
		"the credentials expire": {fault: func(string) awstest.Fault { return awstest.Fault{Status: 403, Code: "ExpiredToken"} }, ends: release.Succeeded, says: []string{"does not take the credentials", "aws sts get-caller-identity"}},
		"a right is taken away":  {fault: every("ModifyListener", denied), says: []string{"may not do elasticloadbalancing:ModifyListener"}},
		"the cluster is deleted": {
			alter: func(w *albtest.World) { cluster, w.ECS = w.ECS, nil },
			mend:  func(w *albtest.World) { w.ECS = cluster },
			says:  []string{"no cluster production"}},
		"somebody moves the listener": {
			alter: func(w *albtest.World) { w.Routes[albtest.HTTPS].Actions = albtest.Forward(20, 80) },
			abort: true, says: []string{"somebody else changed the listener f2f7dc8efc522ab2 of web at the same time", "observe it and decide again"}},
		"the listener forwards elsewhere": {
			alter: func(w *albtest.World) {
				w.Routes[albtest.HTTPS].Actions = []any{map[string]any{"Type": "redirect", "RedirectConfig": map[string]any{"StatusCode": "HTTP_301"}}}
			},
			mend: func(w *albtest.World) { w.Routes[albtest.HTTPS].Actions = albtest.Forward(100, 0) },
			says: []string{"forwards to neither target group"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := serveECS(t, 2)
			clk, book := clock.NewAuto(start), mem.New(start)
			live := func() (weight float64) {
				s.Change(func(w *albtest.World) {
					weight = map[string]float64{"95/5": 5, "50/50": 50, "20/80": 80, "0/100": 100}[w.Routes[albtest.HTTPS].Weights()]
				})
				return weight
			}
			midway.Tell(t, midway.Story{
				Book: book, Abort: c.abort, Request: want(t, config, b), Old: old, Live: live, Ends: c.ends, Says: c.says,
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
							if f.Code != "" || c.alter != nil && op == "DescribeListeners" {
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
