package ecs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
)

const granted = `{"cluster":"production","service":"checkout","family":"checkout","roles":["arn:aws:iam::123456789012:role/checkout-task","arn:aws:iam::123456789012:role/checkout-execution","arn:aws:iam::123456789012:role/ecs-infrastructure"]}`

func grant(t *testing.T, raw string) awscloud.Grant {
	t.Helper()
	g, errs := ecs.Grant(awscloud.Place{Region: "eu-central-1", Account: "123456789012"}, json.RawMessage(raw))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return g
}

func has(statements []awscloud.Statement, operation string) bool {
	return slices.ContainsFunc(statements, func(s awscloud.Statement) bool {
		return slices.Contains(s.Action, "ecs:"+operation) || slices.Contains(s.Action, "elasticloadbalancing:"+operation)
	})
}

// All that a session may do is all that the driver's own policy allows but to ask IAM,
// which tells of the role and not of a session, and STS takes it.
func TestAFullGrantIsThePolicy(t *testing.T) {
	full := grant(t, granted).Full
	var whole struct{ Statement []map[string]any }
	must(t, json.Unmarshal([]byte(policy(t)), &whole))
	whole.Statement = slices.DeleteFunc(whole.Statement, func(s map[string]any) bool { return s["Sid"] == "Rehearsal" })
	raw, err := json.Marshal(full)
	must(t, err)
	var got []map[string]any
	must(t, json.Unmarshal(raw, &got))
	if diff := cmp.Diff(whole.Statement, got); diff != "" || len(got) != 4 {
		t.Errorf("the grant is not the policy's statements (-policy +grant):\n%s", diff)
	}
	text, err := awscloud.Document(full)
	if err != nil || awscloud.Fits(text) != "" || strings.Contains(text, "SimulatePrincipalPolicy") {
		t.Errorf("%d characters, %v: %s", len(text), err, text)
	}
}

// With the rights to read and to go back, a canary goes back, and no new image can be
// named.
func TestReadAndRevertGoesBackAndNotForward(t *testing.T) {
	g := grant(t, granted)
	cut := func(operation string) awstest.Fault {
		if has(g.Full, operation) && !has(g.ReadAndRevert, operation) {
			return awstest.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return awstest.Fault{}
	}
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	s.Faults(cut)
	if err := prepare(t, d, tenth); err == nil || !strings.Contains(err.Error(), "ecs:RegisterTaskDefinition") {
		t.Errorf("a new image was named: %v", err)
	}
	s.Faults(nil)
	must(t, prepare(t, d, tenth))
	_, err := apply(t, d, 10)
	must(t, err)
	s.Faults(cut)
	_, err = verb(t, revert(t), d)
	must(t, err)
	_, err = verb(t, func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Finalize(t.Context(), w) }, d)
	must(t, err)
	if o, err := d.Observe(t.Context()); err != nil || o.Canary != nil || !o.Baseline.Payload.Same(old) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestAGrantThatIsWrong(t *testing.T) {
	for raw, path := range map[string]string{
		`{"service":"checkout","family":"checkout"}`:                                               "cluster",
		`{"cluster":"production","service":"arn:aws:ecs:x","family":"checkout"}`:                   "service",
		`{"cluster":"production","service":"checkout","family":"checkout:7"}`:                      "family",
		`{"cluster":"production","service":"checkout","family":"checkout","roles":["task"]}`:       "roles[0]",
		`{"cluster":"production","service":"checkout","family":"checkout","alternate_group":"xy"}`: "",
	} {
		_, errs := ecs.Grant(awscloud.Place{Region: "eu-central-1", Account: "123456789012"}, json.RawMessage(raw))
		if len(errs) != 1 || errs[0].Path != path || path != "" && !strings.Contains(errs[0].Msg, "for example") {
			t.Errorf("%s: %v", raw, errs)
		}
	}
}

// Policies and grants name what is of their own partition. The services that are handed
// roles are called the same everywhere.
func TestPoliciesOfOtherPartitions(t *testing.T) {
	for region, partition := range map[string]string{"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"} {
		raw := strings.ReplaceAll(granted, "arn:aws:", "arn:"+partition+":")
		g, errs := ecs.Grant(awscloud.Place{Region: region, Account: "123456789012"}, json.RawMessage(raw))
		text, err := awscloud.Document(g.Full)
		if len(errs) > 0 || err != nil {
			t.Fatal(errs, err)
		}
		document, err := ecs.Policy(region, "123456789012", "production", "checkout", "checkout", "arn:"+partition+":iam::123456789012:role/checkout-task")
		must(t, err)
		for what, one := range map[string]string{"grant": text, "policy": document} {
			if strings.Count(one, "arn:aws") != strings.Count(one, "arn:"+partition+":") || !strings.Contains(one, "arn:"+partition+":ecs:"+region+":123456789012:service/production/checkout") || !strings.Contains(one, "ecs-tasks.amazonaws.com") || strings.Contains(one, ".amazonaws.com.cn") {
				t.Errorf("the %s in %s: %s", what, region, one)
			}
		}
	}
}
