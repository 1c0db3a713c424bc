package cloudwatch_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
)

var update = flag.Bool("update", false, "write docs/policies")

const (
	total = `"total": {"namespace": "Shop", "name": "Requests", "dimensions": {"Version": "{arm}"}}`
	bad   = `"bad": [{"namespace": "Shop", "name": "Failures", "dimensions": {"Version": "{arm}"}}]`
)

func TestBadInput(t *testing.T) {
	for _, c := range []struct{ config, path, says string }{
		{`{}`, "region", "the region is missing"},
		{`{"region": "eu-central-1"}`, "metrics", "there is nothing to count; give preset, one of alb, api_gateway, api_gateway_http, ecs, lambda, nlb"},
		{`{"region": "eu-central-1", "presets": "alb"}`, "", `unknown field "presets"`},
		{`{"region": "eu-central-1", "preset": "elb"}`, "preset", `no preset is called "elb"; allowed are alb,`},
		{`{"region": "eu-central-1", "preset": "alb"}`, "dimensions", `needs the dimension LoadBalancer; for example dimensions = { LoadBalancer = "app/shop/50dc6c495c0c9188" }`},
		{`{"region": "eu-central-1", "preset": "nlb", "metrics": {"errors": {` + total + `, ` + bad + `}}}`, `metrics["errors"]`, `for example "errors_own"`},
		{`{"region": "eu-central-1", "preset": "nlb", "arms": {"baseline": "a"}}`, "arms.canary", "in the canary arm is not given"},
		{`{"region": "eu-central-1", "preset": "nlb", "arms": {"baseline": "a", "canary": "a"}}`, "arms.canary", `both arms are "a"`},
		{`{"region": "eu-central-1", "preset": "nlb", "delay": "2h"}`, "delay", `"2h" is not a duration from 0s to 1h; for example "2m"`},
		{`{"region": "eu-central-1", "preset": "nlb", "stale_after": "1m"}`, "stale_after", "from 2m to 3h"},
		{`{"region": "eu-central-1", "preset": "nlb", "timeout": "often"}`, "timeout", "from 1s to 1m"},
		{`{"region": "eu-central-1", "preset": "nlb", "alarms": ["a"]}`, "alarms", "give the alarms a signal of their own"},
		{`{"region": "eu-central-1", "alarms": [""]}`, "alarms[0]", "1 to 255 characters"},
		{`{"region": "eu-central-1", "alarms": ["a", "a"]}`, "alarms[1]", "given twice"},
		{`{"region": "eu-central-1", "alarms": ["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:a"]}`, "alarms[0]", `is an ARN; give the alarm's name alone, for example "a"`},
		{`{"region": "eu-central-1", "alarms": [` + strings.TrimSuffix(strings.Repeat(`"x",`, 101), ",") + `]}`, "alarms", "101 alarms are given"},
		{`{"region": "eu-central-1", "metrics": {"errors": {}}}`, `metrics["errors"]`, "says nothing to count"},
		{`{"region": "eu-central-1", "metrics": {"errors": {` + total + `}}}`, `metrics["errors"].bad`, "what counts the bad events is not given"},
		{`{"region": "eu-central-1", "metrics": {"errors": {` + bad + `}}}`, `metrics["errors"].total`, "what counts all events is not given"},
		{`{"region": "eu-central-1", "metrics": {"errors": {` + total + `, ` + bad + `, "unit": "s"}}}`, `metrics["errors"].unit`, "unit beside counters means nothing"},
		{`{"region": "eu-central-1", "metrics": {"errors": {` + total + `, "bad": [{"namespace": "Shop", "name": "Requests", "dimensions": {"Version": "{arm}"}}]}}}`, `metrics["errors"].bad[0]`, "every event would be bad"},
		{`{"region": "eu-central-1", "metrics": {"errors": {"total": {"namespace": "Shop", "name": "Requests"}, ` + bad + `}}}`, `metrics["errors"].total.dimensions`, "no dimension has {arm} in its value"},
		{`{"region": "eu-central-1", "metrics": {"errors": {"total": {"namespace": ":a", "dimensions": {"V": "{arm}"}, "statistic": "Average"}, ` + bad + `}}}`, `metrics["errors"].total.namespace`, "is no namespace"},
		{`{"region": "eu-central-1", "metrics": {"errors": {"total": {"namespace": "a", "name": "b", "dimensions": {"V": "{arm}"}, "statistic": "Average"}, ` + bad + `}}}`, `metrics["errors"].total.statistic`, `"Average" does not count events; allowed are Sum and SampleCount`},
		{`{"region": "eu-central-1", "metrics": {"errors": {"total": {"expression": "SELECT 1", "name": "b"}, ` + bad + `}}}`, `metrics["errors"].total.expression`, "give one of the two"},
		{`{"region": "eu-central-1", "metrics": {"errors": {"total": {"expression": "SELECT SUM(a) FROM b"}, ` + bad + `}}}`, `metrics["errors"].total.expression`, "the expression does not have {arm}"},
		{`{"region": "eu-central-1", "metrics": {"slow": {"latency": {"namespace": "a", "name": "b", "dimensions": {"V": "{arm}"}}}}}`, `metrics["slow"].unit`, "allowed are s and ms"},
		{`{"region": "eu-central-1", "metrics": {"slow": {"latency": {"namespace": "a", "name": "b", "dimensions": {"V": "{arm}"}, "statistic": "Sum"}, "unit": "s"}}}`, `metrics["slow"].latency.statistic`, "leave it out"},
		{`{"region": "eu-central-1", "metrics": {"slow": {"latency": {"expression": "{arm}"}, "unit": "s"}}}`, `metrics["slow"].latency.expression`, "a latency needs the metric itself"},
		{`{"region": "eu-central-1", "metrics": {"slow": {"latency": {"expression": "{arm}"}, ` + total + `}}}`, `metrics["slow"]`, "both counters and a latency"},
	} {
		errs := cloudwatch.Validate(json.RawMessage(c.config))
		if !slices.ContainsFunc(errs, func(e field.Error) bool { return e.Path == c.path && strings.Contains(e.Msg, c.says) }) {
			t.Errorf("%s\n%v, want %q at %s", c.config, errs, c.says, c.path)
		}
	}
}

// One question takes 500 queries, and more metrics than that are refused.
func TestMoreThanOneQuestion(t *testing.T) {
	metrics := func(n int) json.RawMessage {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"m%d": {%s, %s}`, i, total, bad))
		}
		return json.RawMessage(`{"region": "eu-central-1", "metrics": {` + strings.Join(list, ",") + `}}`)
	}
	if errs := cloudwatch.Validate(metrics(125)); len(errs) > 0 {
		t.Error(errs)
	}
	if errs := cloudwatch.Validate(metrics(126)); !strings.Contains(fmt.Sprint(errs), "take 504 queries, and CloudWatch answers 500 at once") {
		t.Error(errs)
	}
}

// Each preset is whole with the dimensions that it says it needs.
func TestPresets(t *testing.T) {
	for name, p := range cloudwatch.Presets() {
		c := cloudwatch.Config{Preset: name, Dimensions: map[string]string{}}
		c.Region = "eu-central-1"
		for i, need := range p.Needs {
			c.Dimensions[need] = p.Examples[i]
		}
		source, err := cloudwatch.Open(raw(t, c), signal.Deps{})
		if err != nil || !slices.Contains(source.Metrics(), "errors") || p.Arm == "" || p.ArmExample == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The policy in docs is the one that Policy gives.
func TestPolicyInDocs(t *testing.T) {
	want, err := cloudwatch.Policy()
	if err != nil {
		t.Fatal(err)
	}
	awstest.PolicyInDocs(t, *update, "cloudwatch.json", want)
}
