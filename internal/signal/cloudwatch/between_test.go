package cloudwatch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
)

// changed is an alarm that went through states, one a second after begin.
func changed(name string, states ...string) cloudwatchtest.Alarm {
	a := alarm(name, "OK")
	for i, state := range states {
		a.State, a.Since = state, begin.Add(time.Duration(i+1)*time.Second)
		a.Changes = append(a.Changes, cloudwatchtest.Change{At: a.Since, State: state, Reason: "because"})
	}
	return a
}

// An alarm that fires and ends between two looks is heard by the next one, and once. What
// was before the first look is not the rollout's.
func TestAnAlarmThatIsOverIsHeard(t *testing.T) {
	const name = "checkout-5xx"
	for _, c := range []struct {
		name          string
		before, after []string
		want, says    string
		requests      int // of the second look
	}{
		{"nothing changed", nil, nil, "baseline 0 of 1, canary 0 of 0", "", 1},
		{"it fired and ended", nil, []string{"ALARM", "OK"}, "baseline 1 of 1, canary 0 of 0", `the alarm "checkout-5xx" fired at 2026-03-01T12:00:01Z, between two looks (because)`, 3},
		{"it fired, and nobody knows now", nil, []string{"ALARM", "INSUFFICIENT_DATA"}, "baseline 1 of 1, canary 0 of 0", "between two looks", 3},
		{"it only did not know", nil, []string{"INSUFFICIENT_DATA", "OK"}, "baseline 0 of 1, canary 0 of 0", "", 3},
		{"it fires", nil, []string{"ALARM"}, "baseline 1 of 1, canary 0 of 0", "fires since 2026-03-01T12:00:01Z", 1},
		{"it was over before", []string{"ALARM", "OK"}, []string{"ALARM", "OK"}, "baseline 0 of 1, canary 0 of 0", "", 1},
		{"it fired again", []string{"ALARM", "OK"}, []string{"ALARM", "OK", "ALARM", "INSUFFICIENT_DATA", "OK"}, "baseline 1 of 1, canary 0 of 0", "fired at 2026-03-01T12:00:03Z", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, clock.NewFake(begin))
			s.Page = 1
			source := open(t, at(s, cloudwatch.Config{Alarms: []string{name}}))
			look := func(cursor []byte) signal.Counts {
				got, err := source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: cloudwatch.AlarmsMetric}}, Until: begin, Cursor: cursor})
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			s.Alarms(changed(name, c.before...))
			first := look(nil)
			if text(first) != "baseline 0 of 1, canary 0 of 0" || s.Requests() != 1 {
				t.Fatalf("the first look: %s after %d requests", text(first), s.Requests())
			}
			s.Alarms(changed(name, c.after...))
			got := look(first.Cursor)
			if all := fmt.Sprintf("%+v", got); text(got) != c.want || !strings.Contains(all, c.says) {
				t.Errorf("%s, want %s and %q", all, c.want, c.says)
			}
			if n := s.Requests() - 1; n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			if got := look(got.Cursor); strings.Contains(fmt.Sprintf("%+v", got), "between two looks") {
				t.Errorf("it is told twice: %+v", got)
			}
		})
	}
}

// Where the history may not be read, nobody knows, until it can be.
func TestAnAlarmWhoseHistoryCannotBeReadIsUnknown(t *testing.T) {
	s := serve(t, clock.NewFake(begin))
	source := open(t, at(s, cloudwatch.Config{Alarms: []string{"checkout-5xx"}}))
	var cursor []byte
	look := func(want, says string) {
		t.Helper()
		got, err := source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: cloudwatch.AlarmsMetric}}, Until: begin, Cursor: cursor})
		if all := fmt.Sprintf("%+v", got); err != nil || text(got) != want || !strings.Contains(all, says) {
			t.Fatalf("%s, %v; want %s and %q", all, err, want, says)
		}
		cursor = got.Cursor
	}
	s.Alarms(changed("checkout-5xx"))
	look("baseline 0 of 1, canary 0 of 0", "")
	s.Alarms(changed("checkout-5xx", "ALARM", "OK"))
	s.Faults(func(operation string) cloudwatchtest.Fault {
		if operation == "DescribeAlarmHistory" {
			return cloudwatchtest.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException"}
		}
		return cloudwatchtest.Fault{}
	})
	for range 2 {
		look("baseline missing, canary missing", `the alarm "checkout-5xx" has changed since the last look, and its history, which says whether it fired, cannot be read`)
	}
	s.Faults(func(string) cloudwatchtest.Fault { return cloudwatchtest.Fault{} })
	look("baseline 1 of 1, canary 0 of 0", "between two looks")
	look("baseline 0 of 1, canary 0 of 0", "")
}
