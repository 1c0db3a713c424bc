package cloudwatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
)

func alarm(name, state string) cloudwatchtest.Alarm {
	return cloudwatchtest.Alarm{Name: name, State: state, Since: begin, Reason: "Threshold Crossed:\n1 datapoint [7.0]", Composite: strings.HasPrefix(name, "any")}
}

// An alarm that fires is a bad event at each look, at once and with its name; where none
// does, all of them must know it.
func TestAlarms(t *testing.T) {
	for _, c := range []struct{ name, first, second, want, reason string }{
		{"quiet", "OK", "OK", "baseline 0 of 2, canary 0 of 0", ""},
		{"one fires", "ALARM", "OK", "baseline 1 of 2, canary 0 of 0", `the alarm "checkout-5xx" fires since 2026-03-01T12:00:00Z (Threshold Crossed: 1 datapoint [7.0])`},
		{"a composite one fires", "OK", "ALARM", "baseline 1 of 2, canary 0 of 0", `the alarm "any-of-shop" fires`},
		{"fires beside one that does not know", "ALARM", "INSUFFICIENT_DATA", "baseline 1 of 2, canary 0 of 0", `"checkout-5xx" fires`},
		{"does not know", "OK", "INSUFFICIENT_DATA", "baseline missing, canary missing", `"any-of-shop" is in the state INSUFFICIENT_DATA, so nobody knows`},
		{"gone", "OK", "", "baseline missing, canary missing", `has no alarm "any-of-shop" any more`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, clock.NewFake(begin))
			list := []cloudwatchtest.Alarm{alarm("checkout-5xx", c.first), alarm("somebody-elses", "ALARM")}
			if c.second != "" {
				list = append(list, alarm("any-of-shop", c.second))
			}
			s.Alarms(list...)
			source := open(t, at(s, cloudwatch.Config{Alarms: []string{"checkout-5xx", "any-of-shop"}}))
			got, err := source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: cloudwatch.AlarmsMetric}}, Until: begin})
			if err != nil {
				t.Fatal(err)
			}
			if text(got) != c.want || !got.Primed || s.Requests() != 1 {
				t.Errorf("primed is %v after %d requests, and it is %s, want %s", got.Primed, s.Requests(), text(got), c.want)
			}
			if all := fmt.Sprintf("%+v", got); !strings.Contains(all, c.reason) {
				t.Errorf("%s does not say %q", all, c.reason)
			}
		})
	}
}

// Whoever may not read what alarms did learns it before the start, and not when the first
// alarm has changed; what is not known of that keeps no rollout from being tried.
func TestTheHistoryOfAlarmsMayBeRead(t *testing.T) {
	for code, refused := range map[string]bool{"AccessDeniedException": true, "InvalidNextToken": false} {
		s := serve(t, clock.NewFake(begin))
		s.Alarms(alarm("checkout-5xx", "OK"))
		s.Faults(func(operation string) cloudwatchtest.Fault {
			if operation != "DescribeAlarmHistory" {
				return cloudwatchtest.Fault{}
			}
			return cloudwatchtest.Fault{Status: 400, Code: code}
		})
		err := open(t, at(s, cloudwatch.Config{Alarms: []string{"checkout-5xx"}})).(signal.Starter).Ready(t.Context(), nil) //nolint:forcetypeassert // Alarms are.
		var denied *signal.Refusal
		if err == nil || errors.As(err, &denied) != refused || refused && !strings.Contains(err.Error(), "(cloudwatch:DescribeAlarmHistory)") {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// A rollout is not begun while an alarm fires or is not there; one that does not know
// yet, as one of a canary without traffic, holds nothing up.
func TestAlarmsBeforeTheStart(t *testing.T) {
	for _, c := range []struct{ name, state, refused string }{
		{"quiet", "OK", ""},
		{"does not know", "INSUFFICIENT_DATA", ""},
		{"fires", "ALARM", `the alarm "checkout-5xx" fires since 2026-03-01T12:00:00Z (Threshold Crossed: 1 datapoint [7.0]); wait until it is over`},
		{"is not there", "", `CloudWatch in eu-central-1 has no alarm "checkout-5xx"; look at the names`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, clock.NewFake(begin))
			if c.state != "" {
				s.Alarms(alarm("checkout-5xx", c.state))
			}
			starter, ok := open(t, at(s, cloudwatch.Config{Alarms: []string{"checkout-5xx"}})).(signal.Starter)
			if !ok {
				t.Fatal("alarms cannot refuse a start")
			}
			err := starter.Ready(t.Context(), nil)
			var refused *signal.Refusal
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("Ready() = %v", err)
			case c.refused != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("Ready() = %v, want %q", err, c.refused)
			}
		})
	}
}

// A look at alarms is bounded, and keeps the words of what went wrong.
func TestAlarmsThatCannotBeAsked(t *testing.T) {
	s := serve(t, clock.NewFake(begin))
	source := open(t, at(s, cloudwatch.Config{Alarms: []string{"checkout-5xx"}, Timeout: "1s"}))
	ask := func(r signal.Request) error {
		_, err := source.Counts(t.Context(), r)
		return err
	}
	query := []signal.Query{{Metric: cloudwatch.AlarmsMetric}}
	for name, c := range map[string]struct {
		req  signal.Request
		says string
	}{
		"another metric":  {signal.Request{Queries: []signal.Query{{Metric: "errors"}}}, `no metric "errors"; it has alarms`},
		"a threshold":     {signal.Request{Queries: []signal.Query{{Metric: "alarms", SlowerThan: time.Second}}}, "takes no threshold"},
		"another cursor":  {signal.Request{Queries: query, Cursor: []byte(`{"v":1}`)}, "another configuration"},
		"a broken cursor": {signal.Request{Queries: query, Cursor: []byte(`{`)}, "damaged"},
	} {
		if err := ask(c.req); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	s.Stuck(true)
	if err := ask(signal.Request{Queries: query, Until: begin}); err == nil || !strings.Contains(err.Error(), "unable to ask CloudWatch in eu-central-1") {
		t.Errorf("a CloudWatch that is stuck: %v", err)
	}
}
