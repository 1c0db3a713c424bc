package cloudwatch_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
)

// documented is what AWS's pages say of the metrics that presets take, written down from
// them and not from the presets: "namespace metric statistic, dimensions", with the unit of
// latencies. A metric under other dimensions than those is no error to CloudWatch, which
// answers with nothing. How many events a latency has is the SampleCount of its metric.
//
//   - ELB: "CloudWatch metrics for your Application Load Balancer" (per target group:
//     TargetGroup and LoadBalancer; TargetResponseTime in seconds), and "... Network Load
//     Balancer" (NewFlowCount and TCP_Target_Reset_Count, by LoadBalancer).
//   - Lambda: "Types of metrics for Lambda functions" (ExecutedVersion besides Resource, for
//     an alias with weights; Duration in milliseconds).
//   - ECS: "Amazon ECS CloudWatch metrics", Service Connect (TargetDiscoveryName, ServiceName,
//     ClusterName; TargetResponseTime in milliseconds, and as many samples as requests).
//   - API Gateway: "Amazon API Gateway dimensions and metrics" (ApiName, Stage; SampleCount
//     of Count; 5XXError by Sum) and "Working with metrics for HTTP APIs" (ApiId, Stage; 5xx).
var documented = map[string][]string{
	"alb": {
		"AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum, LoadBalancer TargetGroup",
		"AWS/ApplicationELB RequestCount Sum, LoadBalancer TargetGroup",
		"AWS/ApplicationELB TargetConnectionErrorCount Sum, LoadBalancer TargetGroup",
		"AWS/ApplicationELB TargetResponseTime SampleCount, LoadBalancer TargetGroup",
		"AWS/ApplicationELB TargetResponseTime latency in s, LoadBalancer TargetGroup",
	},
	"lambda": {
		"AWS/Lambda Duration SampleCount, ExecutedVersion FunctionName Resource",
		"AWS/Lambda Duration latency in ms, ExecutedVersion FunctionName Resource",
		"AWS/Lambda Errors Sum, ExecutedVersion FunctionName Resource",
		"AWS/Lambda Invocations Sum, ExecutedVersion FunctionName Resource",
	},
	"ecs": {
		"AWS/ECS HTTPCode_Target_5XX_Count Sum, ClusterName ServiceName TargetDiscoveryName",
		"AWS/ECS TargetResponseTime SampleCount, ClusterName ServiceName TargetDiscoveryName",
		"AWS/ECS TargetResponseTime latency in ms, ClusterName ServiceName TargetDiscoveryName",
	},
	"api_gateway": {
		"AWS/ApiGateway 5XXError Sum, ApiName Stage",
		"AWS/ApiGateway Count SampleCount, ApiName Stage",
		"AWS/ApiGateway Latency SampleCount, ApiName Stage",
		"AWS/ApiGateway Latency latency in ms, ApiName Stage",
	},
	"api_gateway_http": {
		"AWS/ApiGateway 5xx Sum, ApiId Stage",
		"AWS/ApiGateway Count SampleCount, ApiId Stage",
		"AWS/ApiGateway Latency SampleCount, ApiId Stage",
		"AWS/ApiGateway Latency latency in ms, ApiId Stage",
	},
	"nlb": {
		"AWS/NetworkELB NewFlowCount Sum, LoadBalancer",
		"AWS/NetworkELB TCP_Target_Reset_Count Sum, LoadBalancer",
	},
}

// Each preset asks for the metrics that AWS has, with all of their dimensions, each arm
// under its own value.
func TestPresetsAskForWhatAWSHas(t *testing.T) {
	presets := cloudwatch.Presets()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(presets))); diff != "" {
		t.Fatalf("the presets (-documented +have):\n%s", diff)
	}
	for name, p := range presets {
		s := serve(t, clock.NewFake(begin))
		c := cloudwatch.Config{Preset: name, Dimensions: map[string]string{}, Arms: &cloudwatch.Arms{Baseline: "arm-a", Canary: "arm-b"}}
		for i, need := range p.Needs {
			c.Dimensions[need] = p.Examples[i]
		}
		source := open(t, at(s, c))
		req := signal.Request{Since: begin.Add(-10 * time.Minute), Until: begin}
		for _, m := range source.Metrics() {
			q := signal.Query{Metric: m}
			if m == "slow" {
				q.SlowerThan = time.Second
			}
			req.Queries = append(req.Queries, q)
		}
		if _, err := source.Counts(t.Context(), req); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		asked, arms := map[string]bool{}, map[string]int{}
		for _, q := range s.Last()["MetricDataQueries"].([]any) { //nolint:forcetypeassert // The model says so.
			if text, arm := asks(q.(map[string]any), p.Metrics["slow"].Unit); text != "" { //nolint:forcetypeassert // The model says so.
				asked[text], arms[arm] = true, arms[arm]+1
			}
		}
		if diff := cmp.Diff(documented[name], slices.Sorted(maps.Keys(asked))); diff != "" {
			t.Errorf("%s (-documented +asked):\n%s", name, diff)
		}
		if arms["arm-a"] == 0 || arms["arm-a"] != arms["arm-b"] || len(arms) != 2 {
			t.Errorf("%s: the arms are asked for %v times", name, arms)
		}
	}
}

// asks writes one query down as the table does, and says which arm it is of.
func asks(q map[string]any, unit string) (text, arm string) {
	stat, _ := q["MetricStat"].(map[string]any)
	metric, _ := stat["Metric"].(map[string]any)
	if metric == nil {
		return "", ""
	}
	var dimensions []string
	for _, d := range metric["Dimensions"].([]any) { //nolint:forcetypeassert // The model says so.
		d := d.(map[string]any) //nolint:forcetypeassert // The model says so.
		dimensions = append(dimensions, fmt.Sprint(d["Name"]))
		if value := fmt.Sprint(d["Value"]); strings.HasPrefix(value, "arm-") {
			arm = value
		}
	}
	slices.Sort(dimensions)
	statistic := fmt.Sprint(stat["Stat"])
	switch statistic {
	case "Sum", "SampleCount":
	default:
		statistic = "latency in " + unit
	}
	return fmt.Sprintf("%s %s %s, %s", metric["Namespace"], metric["MetricName"], statistic, strings.Join(dimensions, " ")), arm
}
