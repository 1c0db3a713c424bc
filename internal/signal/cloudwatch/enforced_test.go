package cloudwatch_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
)

// underPolicy counts, looks at alarms before and during a rollout, and asks what an alarm
// did meanwhile, with no more rights than the policy gives.
func underPolicy(t *testing.T, p *awstest.Policy, used map[string]bool) string {
	t.Helper()
	clk := clock.NewFake(begin)
	s := serve(t, clk)
	s.Faults(func(operation string) cloudwatchtest.Fault {
		u := awstest.Use{Action: "cloudwatch:" + operation, Resource: "*"}
		used[u.Action] = true
		if p.Allows(u) {
			return cloudwatchtest.Fault{}
		}
		return cloudwatchtest.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException"}
	})
	s.Alarms(alarm("checkout-5xx", "OK"))
	counts, alarms := open(t, at(s, preset())), open(t, at(s, cloudwatch.Config{Alarms: []string{"checkout-5xx"}}))
	_, counted := counts.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: "errors"}}, Since: clk.Now().Add(-10 * time.Minute), Until: clk.Now()})
	ask := func(cursor []byte) (signal.Counts, error) {
		return alarms.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: cloudwatch.AlarmsMetric}}, Until: clk.Now(), Cursor: cursor})
	}
	first, err := ask(nil)
	clk.Advance(5 * time.Minute)
	changed := alarm("checkout-5xx", "OK")
	changed.Since = clk.Now().Add(-time.Minute)
	s.Alarms(changed)
	clk.Advance(time.Minute)
	second, later := ask(first.Cursor)
	return fmt.Sprintf("%v %v %+v", errors.Join(counted, err, later), first, second)
}

// The policy of the documentation has what is called and no more, and each action that is
// taken away from it is missed and named.
func TestThePolicyIsEnforced(t *testing.T) {
	text, err := cloudwatch.Policy()
	if err != nil {
		t.Fatal(err)
	}
	whole, used := awstest.ParsePolicy(t, text), map[string]bool{}
	if said := underPolicy(t, whole, used); strings.Contains(said, "may not do") {
		t.Fatalf("with the whole policy: %s", said)
	}
	for _, action := range whole.Actions() {
		if !used[action] {
			t.Errorf("%s is allowed and was not needed", action)
		}
		if said := underPolicy(t, whole.Without(action), map[string]bool{}); !strings.Contains(said, "may not do "+action) {
			t.Errorf("without %s: %s", action, said)
		}
	}
}
