package cloudwatch_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
	"github.com/sluice/terraform-provider-sluice/internal/signal/signaltest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// lag is how late the CloudWatch of the tests is, within the delay that is configured.
const lag = 90 * time.Second

// serve starts a CloudWatch whose time is that of the clock.
func serve(t *testing.T, clk *clock.Fake) *cloudwatchtest.Server {
	t.Helper()
	awstest.Credentials(t)
	s := cloudwatchtest.New(t, clk.Now)
	s.Lag = lag
	return s
}

// at fills in where the CloudWatch of the test is.
func at(s *cloudwatchtest.Server, c cloudwatch.Config) cloudwatch.Config {
	c.Settings = awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}
	return c
}

func open(t *testing.T, c cloudwatch.Config) signal.Source {
	t.Helper()
	source, err := cloudwatch.Driver().Open(t.Context(), raw(t, c), signal.Deps{UserAgent: "sluice/test"})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func raw(t *testing.T, c cloudwatch.Config) json.RawMessage {
	t.Helper()
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// preset is the configuration that the conformance suite uses: ALB with fixed arms.
func preset() cloudwatch.Config {
	return cloudwatch.Config{
		Preset: "alb", Dimensions: map[string]string{"LoadBalancer": "app/shop/1"},
		Arms: &cloudwatch.Arms{Baseline: "baseline", Canary: "canary"},
	}
}

// record lets requests be answered behind a balancer.
func record(s *cloudwatchtest.Server, metric string, arm string, bad, good int) {
	put := func(name string, values ...float64) {
		s.Put("AWS/ApplicationELB", name, map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": arm}, values...)
	}
	if metric == "slow" {
		put("TargetResponseTime")
		for range bad {
			put("TargetResponseTime", 1.5)
		}
		for range good {
			put("TargetResponseTime", 0.25) // Exactly the threshold is not slower.
		}
		return
	}
	put("RequestCount", ones(bad+good)...)
	if bad > 0 {
		put("HTTPCode_Target_5XX_Count", ones(bad)...)
	}
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// A CloudWatch that is late, and held to AWS's model, keeps the contract of the port;
// so it does where answers come in pages of a few data points.
func TestConformance(t *testing.T) {
	for name, page := range map[string]int{"one page": 0, "pages": 40} {
		t.Run(name, func(t *testing.T) {
			signaltest.Run(t, signaltest.Fixture{New: func(t *testing.T) signaltest.World {
				clk := clock.NewFake(begin)
				s := serve(t, clk)
				s.Always, s.Page = true, page
				per := 1
				if page > 0 {
					per = 20
				}
				return signaltest.World{
					Clock: clk, Errors: "errors", Slow: "slow", SlowerThan: 250 * time.Millisecond, PerCounts: per,
					Delay:  cloudwatch.DefaultDelay + time.Minute,
					Open:   func() (signal.Source, error) { return open(t, at(s, preset())), nil },
					Record: func(metric string, arm target.Arm, bad, good int) { record(s, metric, string(arm), bad, good) },
					Down: func(down bool) {
						s.Faults(func(string) cloudwatchtest.Fault {
							if down {
								return cloudwatchtest.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException"}
							}
							return cloudwatchtest.Fault{}
						})
					},
					Stuck: s.Stuck, Requests: s.Requests,
				}
			}})
		})
	}
}
