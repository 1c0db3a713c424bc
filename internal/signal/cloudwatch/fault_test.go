package cloudwatch_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
)

func ask(t *testing.T, source signal.Source) error {
	t.Helper()
	got, err := source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: "errors"}}, Since: begin, Until: begin.Add(time.Hour)})
	if err != nil && (len(got.Counts) > 0 || len(got.Cursor) > 0) {
		t.Errorf("an error comes with %+v", got)
	}
	return err
}

// What goes wrong at AWS is told with what to do about it.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
		says   []string
	}{
		"denied":      {http.StatusForbidden, "AccessDeniedException", []string{"may not do cloudwatch:GetMetricData", "allow cloudwatch:GetMetricData"}},
		"expired":     {http.StatusForbidden, "ExpiredTokenException", []string{"AWS does not take the credentials", "aws sts get-caller-identity"}},
		"next token":  {http.StatusBadRequest, "InvalidNextToken", []string{"unable to ask CloudWatch in eu-central-1"}},
		"not allowed": {http.StatusForbidden, "UnrecognizedClientException", []string{"AWS does not take the credentials"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, clock.NewFake(begin))
			s.Faults(func(string) cloudwatchtest.Fault { return cloudwatchtest.Fault{Status: c.status, Code: c.code} })
			err := ask(t, open(t, at(s, preset())))
			for _, want := range c.says {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
		})
	}
}

// A call that was throttled is made again within the look's time.
func TestThrottled(t *testing.T) {
	s := serve(t, clock.NewFake(begin))
	times := 0
	s.Faults(func(string) cloudwatchtest.Fault {
		if times++; times == 1 {
			return cloudwatchtest.Fault{Status: http.StatusBadRequest, Code: "ThrottlingException"}
		}
		return cloudwatchtest.Fault{}
	})
	if err := ask(t, open(t, at(s, preset()))); err != nil || times != 2 {
		t.Errorf("after %d calls: %v", times, err)
	}
	s.Faults(func(string) cloudwatchtest.Fault {
		return cloudwatchtest.Fault{Status: http.StatusBadRequest, Code: "ThrottlingException"}
	})
	c := preset()
	c.Timeout = "1s"
	if err := ask(t, open(t, at(s, c))); err == nil || !strings.Contains(err.Error(), "unable to ask CloudWatch") {
		t.Errorf("throttled for ever: %v", err)
	}
}

// An answer that is not whole is no answer: nobody knows which part is missing.
func TestAnAnswerThatIsNotWhole(t *testing.T) {
	for status, says := range map[string]string{
		"InternalError": "is not whole (InternalError of query q0)", "PartialData": "is not whole (PartialData", "Forbidden": "does not let these credentials read",
	} {
		s := serve(t, clock.NewFake(begin))
		record(s, "errors", "baseline", 0, 1)
		s.Status(status)
		if err := ask(t, open(t, at(s, preset()))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// Values that cannot be counts are refused.
func TestNoCount(t *testing.T) {
	clk := clock.NewFake(begin)
	s := serve(t, clk)
	s.Put("AWS/ApplicationELB", "RequestCount", map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "canary"}, -4)
	clk.Advance(3 * time.Minute)
	if err := ask(t, open(t, at(s, preset()))); err == nil || !strings.Contains(err.Error(), "the value -4 at 2026-03-01T12:00:00Z, which is no count") {
		t.Error(err)
	}
}

// All metrics of both arms are asked for in one call, each once, by their percentile
// rank where they are latencies.
func TestOneBatch(t *testing.T) {
	s := serve(t, clock.NewFake(begin))
	c := preset()
	c.Arms = &cloudwatch.Arms{Baseline: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/73e2d6bc24d8a067", Canary: "targetgroup/green/1"}
	c.Dimensions["LoadBalancer"] = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop/1"
	source := open(t, at(s, c))
	_, err := source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: "errors"}, {Metric: "slow", SlowerThan: 300 * time.Millisecond}}, Since: begin, Until: begin})
	if err != nil || s.Requests() != 1 {
		t.Fatalf("%v after %d requests", err, s.Requests())
	}
	var got []string
	for _, q := range s.Last()["MetricDataQueries"].([]any) {
		stat := q.(map[string]any)["MetricStat"].(map[string]any)
		m := stat["Metric"].(map[string]any)
		line := m["MetricName"].(string) + " " + stat["Stat"].(string)
		for _, d := range m["Dimensions"].([]any) {
			line += " " + d.(map[string]any)["Value"].(string)
		}
		got = append(got, line)
	}
	want := []string{
		"RequestCount Sum app/shop/1 targetgroup/blue/73e2d6bc24d8a067", "HTTPCode_Target_5XX_Count Sum app/shop/1 targetgroup/blue/73e2d6bc24d8a067", "TargetConnectionErrorCount Sum app/shop/1 targetgroup/blue/73e2d6bc24d8a067",
		"RequestCount Sum app/shop/1 targetgroup/green/1", "HTTPCode_Target_5XX_Count Sum app/shop/1 targetgroup/green/1", "TargetConnectionErrorCount Sum app/shop/1 targetgroup/green/1",
		"TargetResponseTime SampleCount app/shop/1 targetgroup/blue/73e2d6bc24d8a067", "TargetResponseTime PR(:0.3) app/shop/1 targetgroup/blue/73e2d6bc24d8a067",
		"TargetResponseTime SampleCount app/shop/1 targetgroup/green/1", "TargetResponseTime PR(:0.3) app/shop/1 targetgroup/green/1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("it asks for\n%s", strings.Join(got, "\n"))
	}
}
