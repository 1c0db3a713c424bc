package cloudwatch_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
)

// say makes a request in the query protocol.
func say(t *testing.T, base, action string, params ...string) {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-08-01"}}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260301/eu-central-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", action, resp.Status, body, err)
	}
}

// A CloudWatch of which nobody here wrote a line counts the same, and its alarms are
// heard. It knows no percentiles, which only our own one shows.
func TestMoto(t *testing.T) {
	server := s3test.Moto(t)
	server.Before(dialect(t))
	awstest.Credentials(t)
	now := clock.System{}.Now().UTC().Truncate(time.Minute)
	put := func(at time.Time, name, version, value string) {
		say(t, server.Endpoint, "PutMetricData", "Namespace", "Shop", "MetricData.member.1.MetricName", name, "MetricData.member.1.Value", value, "MetricData.member.1.Unit", "Count",
			"MetricData.member.1.Timestamp", at.Format(time.RFC3339), "MetricData.member.1.Dimensions.member.1.Name", "Version", "MetricData.member.1.Dimensions.member.1.Value", version)
	}
	opened := func(c cloudwatch.Config) signal.Source {
		c.Settings = awscloud.Settings{Region: "eu-central-1", Endpoint: server.Endpoint}
		source, err := cloudwatch.Open(raw(t, c), signal.Deps{UserAgent: "sluice/test"})
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	of := func(name string) *cloudwatch.Selector {
		return &cloudwatch.Selector{Namespace: "Shop", Name: name, Dimensions: map[string]string{"Version": cloudwatch.ArmMark}}
	}
	source := opened(cloudwatch.Config{
		Arms:    &cloudwatch.Arms{Baseline: "1.0.0", Canary: "1.1.0"},
		Metrics: map[string]cloudwatch.Metric{"errors": {Total: of("Requests"), Bad: []cloudwatch.Selector{*of("Failures")}}},
	})
	r := &rollout{t: t, clk: clock.NewFake(now.Add(-8 * time.Minute)), source: source, since: now.Add(-8 * time.Minute)}
	r.look()
	put(now.Add(-7*time.Minute), "Requests", "1.0.0", "40")
	put(now.Add(-6*time.Minute), "Requests", "1.0.0", "50")
	put(now.Add(-6*time.Minute), "Failures", "1.0.0", "2")
	put(now.Add(-6*time.Minute), "Requests", "1.1.0", "10")
	r.pass(5 * time.Minute)
	if got := text(r.look()); got != "baseline 2 of 90, canary 0 of 10" {
		t.Errorf("moto has %s", got)
	}
	put(now.Add(-6*time.Minute), "Failures", "1.1.0", "3") // Late.
	put(now.Add(-5*time.Minute), "Requests", "1.0.0", "1")
	put(now.Add(-4*time.Minute), "Requests", "1.1.0", "6")
	r.pass(2 * time.Minute)
	if got := text(r.look()); got != "baseline 0 of 1, canary 3 of 6" {
		t.Errorf("then it has %s", got)
	}
	say(t, server.Endpoint, "PutMetricAlarm", "AlarmName", "checkout-5xx", "Namespace", "Shop", "MetricName", "Failures", "Statistic", "Sum", "Period", "60", "EvaluationPeriods", "1", "Threshold", "5", "ComparisonOperator", "GreaterThanThreshold")
	say(t, server.Endpoint, "SetAlarmState", "AlarmName", "checkout-5xx", "StateValue", "ALARM", "StateReason", "it burns")
	alarms := opened(cloudwatch.Config{Alarms: []string{"checkout-5xx"}})
	var refused *signal.Refusal
	if err := alarms.(signal.Starter).Ready(t.Context(), nil); !errors.As(err, &refused) || !strings.Contains(refused.Reason, `the alarm "checkout-5xx" fires`) || !strings.Contains(refused.Reason, "(it burns)") { //nolint:forcetypeassert // Alarms are.
		t.Errorf("Ready() = %v", err)
	}
	say(t, server.Endpoint, "SetAlarmState", "AlarmName", "checkout-5xx", "StateValue", "OK", "StateReason", "it is out")
	got, err := alarms.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: cloudwatch.AlarmsMetric}}, Until: now})
	if err != nil || text(got) != "baseline 0 of 1, canary 0 of 0" {
		t.Errorf("%s, %v", text(got), err)
	}
}
