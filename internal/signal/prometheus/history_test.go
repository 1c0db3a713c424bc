package prometheus_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

// TestHistory takes thresholds and blocks of the baseline out of two answers.
func TestHistory(t *testing.T) {
	at := func(minute int) int64 { return epoch.Add(time.Duration(minute) * time.Minute).Unix() }
	var mu sync.Mutex
	var asked []string
	url, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Query().Get("query"))
		mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/query") {
			var rows []string
			for le, n := range map[string]string{"0.1": "50", "0.25": "90.00000000001", "1": "99", "+Inf": "100"} {
				rows = append(rows, fmt.Sprintf(`{"metric":{"le":%q,"sluice_part":"0"},"value":[%d,%q]}`, le, at(0), n))
			}
			says(200, plain, `{"status":"success","data":{"resultType":"vector","result":[`+strings.Join(rows, ",")+`]}}`)(w, r)
			return
		}
		row := func(part string, values ...any) string {
			var samples []string
			for i, v := range values {
				if v != nil {
					samples = append(samples, fmt.Sprintf(`[%d,"%v"]`, at(-30+10*i), v))
				}
			}
			return fmt.Sprintf(`{"metric":{"sluice_part":%q},"values":[%s]}`, part, strings.Join(samples, ","))
		}
		says(200, plain, `{"status":"success","data":{"resultType":"matrix","result":[`+strings.Join([]string{
			row("0 all", 7, 100, 200, 300), row("0 part", 7, nil, 1.5, 301), row("1 all", 7, 10, nil, 30), row("1 part", 7, 9, nil, 30.0001),
		}, ",")+`]}}`)(w, r)
	})
	c := simple(url)
	c.Metrics["slow"] = prometheus.Metric{Histogram: "h_seconds"}
	source := openSource(t, c)
	got, err := source.History(t.Context(), signal.HistoryRequest{
		Metrics: []string{"errors", "slow"}, Quantiles: map[string]float64{"slow": 0.9}, Until: epoch, Span: 30 * time.Minute, Block: 10 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := signal.History{
		Thresholds: map[string]time.Duration{"slow": 250 * time.Millisecond},
		Blocks: map[string][]signal.Block{
			// The block before the span is left out, one without data too, and bad is at most all.
			"errors": {{Bad: 0, Total: 100}, {Bad: 1.5, Total: 200}, {Bad: 300, Total: 300}},
			"slow":   {{Bad: 1, Total: 10}, {Bad: 0, Total: 30}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if len(asked) != 2 || !strings.Contains(asked[0], `h_seconds_bucket{arm="baseline"}[1800s]`) || !strings.Contains(asked[1], `h_seconds_bucket{arm="baseline",le="0.25"}[600s]`) {
		t.Errorf("asked %q", asked)
	}
	for quantile, text := range map[float64]string{0: "outside 0 to 1", 1: "outside 0 to 1"} {
		if _, err := source.History(t.Context(), signal.HistoryRequest{Quantiles: map[string]float64{"slow": quantile}, Until: epoch}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("quantile %v: %v, want %q", quantile, err, text)
		}
	}
	if _, err := source.History(t.Context(), signal.HistoryRequest{Quantiles: map[string]float64{"errors": 0.5}, Until: epoch}); err == nil || !strings.Contains(err.Error(), "counts errors and has no quantile") {
		t.Errorf("a quantile of errors: %v", err)
	}
}
