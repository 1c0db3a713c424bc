package windowadvice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus/promtest"
)

// scraped is what eight days of scrapes left: counters of one arm after the other,
// with nights of few users, and three hours in which nobody scraped.
func scraped(from time.Time) string {
	var b strings.Builder
	b.WriteString("# TYPE http_requests counter\n")
	for _, code := range []string{"200", "500"} {
		for _, arm := range []string{"old", "new"} {
			sum := 0.0
			for at := from; at.Before(from.AddDate(0, 0, 8)); at = at.Add(4 * time.Minute) {
				n := 400.0
				if at.Hour() >= 1 && at.Hour() < 6 {
					n = 40
				}
				// Each release made the other arm the one that serves.
				if (arm == "new") != (at.Day()%4 < 2) {
					n = 0
				}
				if code == "500" {
					n /= 100
				}
				sum += n
				if at.Sub(from) > 50*time.Hour && at.Sub(from) < 53*time.Hour {
					continue
				}
				fmt.Fprintf(&b, "http_requests_total{arm=%q,code=%q} %g %d\n", arm, code, sum, at.Unix())
			}
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// TestAccTheAdviceReadsThePastOfPrometheus asks a real one that was filled with eight
// days.
func TestAccTheAdviceReadsThePastOfPrometheus(t *testing.T) {
	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	server := promtest.StartWithPast(t, scraped(from), time.Minute)
	tf, provider := stage(t)
	config := func(until string) string {
		return provider + asked(fmt.Sprintf(`
  time_zone     = "UTC"
  until         = %q
  weeks         = 3
  error_ceiling = "5%%"
  release       = { takes = "1h", share = "50%%" }
  signal = {
    prometheus = {
      url     = %q
      timeout = "30s"
      arms    = { label = "arm", baseline = "old", canary = "new" }
      metrics = { errors = { total = { name = "http_requests_total" }, bad = { match = { code = "5.." } } } }
    }
  }`, until, server.URL))
	}
	tf.Write("main.tf", config("2026-06-09T00:00:00Z"))
	tf.MustApply()
	got := tf.State("data.sluice_window_advice.x")
	var rules []string
	windows, _ := got["windows"].([]any)
	for _, w := range windows {
		window, _ := w.(map[string]any)
		rule, _ := window["recurrence"].(map[string]any)
		rules = append(rules, fmt.Sprint(rule["rrule"], " ", window["from"], " ", window["to"]))
	}
	if diff := cmp.Diff([]string{
		"FREQ=WEEKLY;BYDAY=MO,TU,TH,FR,SA,SU 01:00 06:00",
		// On Wednesday nobody scraped from 02:00 to 05:00, which is not quiet.
		"FREQ=WEEKLY;BYDAY=WE 01:00 02:00", "FREQ=WEEKLY;BYDAY=WE 05:00 06:00",
	}, rules); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, got["picture"])
	}
	if spent, _ := got["budget_spent"].(float64); spent < 0.19 || spent > 0.21 || got["weeks_known"] != 1.0 && got["weeks_known"] != 2.0 {
		t.Errorf("budget spent %v, weeks %v", got["budget_spent"], got["weeks_known"])
	}
	if mean, _ := got["requests_per_hour"].(float64); mean < 4500 || mean > 5200 {
		t.Errorf("%v requests an hour, want about 4,875", mean)
	}

	tf.Write("main.tf", config("2026-06-05T00:00:00Z"))
	tf.MustFail("there are 4 days of data", "a weekly pattern needs at least 7 days")
	tf.Write("main.tf", config("2026-05-01T00:00:00Z"))
	tf.MustFail("there is no data at all; a weekly pattern needs at least 7 days")
}
