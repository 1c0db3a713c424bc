package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed/observedtest"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// What a check declares of AWS is read by the command line too, and told for people and
// for programs. A resource for which AWS throttles is unknown, and never clean.
func TestDriftOfAWS(t *testing.T) {
	awstest.Credentials(t)
	rules := observedtest.NewRules(t, "sg-0a1b2c3d4e5f60718", 2)
	control := observedtest.NewControl(t)
	control.Resources["AWS::SQS::Queue orders"] = `{"VisibilityTimeout":45,"Tags":[{"Key":"team","Value":"payments"}]}`
	tasks := observedtest.NewTasks(t, first.Digest(), "sha256:"+strings.Repeat("b", 64))
	at := func(url string) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"region":"eu-central-1","endpoint":%q}`, url))
	}
	one, thirty := 1, "30"
	w := newWorld(t)
	w.shipped(first)
	w.declareCheck(drift.Check{
		SecurityGroups: map[string]drift.SecurityGroup{"web": {AWS: at(rules.URL), ID: rules.Group,
			Ingress: &[]drift.Rule{{Protocol: "tcp", From: &one, To: &one, IPv4: "10.0.0.0/8"}}}},
		Resources: map[string]drift.Resource{
			"orders": {AWS: at(control.URL), Type: "AWS::SQS::Queue", Identifier: "orders", Paths: map[string]drift.Expectation{"VisibilityTimeout": {Equals: &thirty}}},
			"refund": {AWS: at(control.URL), Type: "AWS::SQS::Queue", Identifier: "refund", Paths: map[string]drift.Expectation{"VisibilityTimeout": {Equals: &thirty}}},
		},
		Images: map[string]drift.Image{"app": {AWS: at(tasks.URL), ECS: &drift.ECSTasks{Cluster: "production", Service: "checkout"}}},
	})
	r := w.expect(Blocked, "drift", "checkout/production")
	golden(t, "driftaws.txt", r.out)
	contains(t, r.errors, "not clean: checkout/production (drifted)")
	var reports []driftJSON
	if err := json.Unmarshal([]byte(w.expect(Blocked, "drift", "--json").out), &reports); err != nil || len(reports) != 1 || len(reports[0].Differences) != 4 {
		t.Fatalf("%+v, %v", reports, err)
	}
	if d := reports[0].Differences[0]; d.Path != "web.ingress.tcp.2.10-0-0-0_8" || d.Kind != "extra" || d.Repairable || !strings.HasPrefix(d.Note, "sgr-") || d.Digest == "" {
		t.Errorf("%+v", d)
	}

	control.Faults(func(string) awstest.Fault {
		return awstest.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException"}
	})
	rules.Count, tasks.Running = 1, tasks.Running[:1]
	r = w.expect(Blocked, "drift")
	contains(t, r.out, "nobody can tell whether checkout/production has drifted", "may not do cloudformation:GetResource")
	contains(t, r.errors, "not clean: checkout/production (unknown)")
}
