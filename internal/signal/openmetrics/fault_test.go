package openmetrics

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const marker = "m4rker-s3cret"

func answer(media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		_, _ = w.Write([]byte(body))
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, marker, code) }
}

// manySeries is a page with n series of the lab's counter beside others.
func manySeries(n int) string {
	var page strings.Builder
	for i := range n {
		fmt.Fprintf(&page, "lab_requests_total{arm=\"canary\",code=\"200\",path=\"/%d\"} %d\n", i, i)
	}
	return page.String()
}

func TestScrapeFaults(t *testing.T) {
	om := "application/openmetrics-text; version=1.0.0; charset=utf-8"
	cases := map[string]struct {
		handler http.HandlerFunc
		token   bool
		want    []string
	}{
		"401 without a token":  {handler: status(401), want: []string{"401 Unauthorized", "no token was sent", "METRICS_TOKEN"}},
		"401 with a token":     {handler: status(401), token: true, want: []string{"401 Unauthorized", "check the token in environment variable SLUICE_TEST_TOKEN"}},
		"403 with a token":     {handler: status(403), token: true, want: []string{"403 Forbidden", "check the token"}},
		"404":                  {handler: status(404), want: []string{"404 Not Found", "200 is wanted"}},
		"500":                  {handler: status(500), want: []string{"500 Internal Server Error"}},
		"204":                  {handler: status(204), want: []string{"204 No Content"}},
		"a page for people":    {handler: answer("text/html; charset=utf-8", "<html>"+marker), want: []string{"text/html", "text/plain", "OpenMetrics 1.0"}},
		"a page said to be ok": {handler: answer(textType, "<!DOCTYPE html>\n<html>\n"), want: []string{"unable to read the metrics"}},
		"JSON":                 {handler: answer("application/json", "{}"), want: []string{"application/json"}},
		"protocol buffers":     {handler: answer("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), want: []string{"protobuf"}},
		"empty":                {handler: answer(textType, ""), want: []string{"no metrics at all"}},
		"only remarks":         {handler: answer(textType, "# HELP a b\n\n# TYPE a counter\n"), want: []string{"no metrics at all"}},
		"no number":            {handler: answer(textType, "lab_requests_total{arm=\"canary\"} many\n"), want: []string{"many"}},
		"negative bucket":      {handler: answer(textType, "# TYPE lab_request_duration_seconds histogram\nlab_request_duration_seconds_bucket{le=\"1\"} -1\n"), want: []string{"negative bucket"}},
		"cut in a line":        {handler: answer(textType, "lab_requests_total{arm=\"can"), want: []string{"unexpected end of input"}},
		"OpenMetrics cut":      {handler: answer(om, "# TYPE lab_requests counter\nlab_requests_total{arm=\"canary\"} 1\n"), want: []string{"# EOF"}},
		"shorter than promised": {handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "999")
			answer(textType, "up 1\n")(w, r)
		}, want: []string{"unexpected EOF"}},
		"too many series": {handler: answer(textType, manySeries(MaxSeries+1)), want: []string{"more than 10000 series", "serve fewer labels"}},
		"connection lost": {handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, want: []string{"unable to scrape", "EOF"}},
		"broken gzip": {handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			answer(textType, "this is no gzip at all")(w, r)
		}, want: []string{"gzip"}},
		"a bomb": {handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", textType)
			z := gzip.NewWriter(w)
			for range 17 {
				_, _ = z.Write(make([]byte, 1<<20))
			}
			_ = z.Close()
		}, want: []string{"too large"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(tc.handler)
			t.Cleanup(srv.Close)
			config := Config{URL: srv.URL + "/metrics?key=" + marker, Preset: "lab", Timeout: "1m"}
			if tc.token {
				t.Setenv("SLUICE_TEST_TOKEN", marker)
				config.Token = &credential.Reference{Env: "SLUICE_TEST_TOKEN"}
			}
			got, err := openConfig(t, config).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start})
			if err == nil {
				t.Fatalf("the answer is %+v, want an error", got)
			}
			for _, part := range append(tc.want, srv.URL+"/metrics") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), marker) {
				t.Errorf("error %q holds a secret", err)
			}
		})
	}
}

func TestSlowStore(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(srv.Close)
	s := openConfig(t, Config{URL: srv.URL, Preset: "lab", Timeout: "80ms"})
	begun := clock.System{}.Now()
	_, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "timeout 80ms") {
		t.Errorf("Counts() = %v, want the deadline and the timeout", err)
	}
	if took := (clock.System{}).Now().Sub(begun); took > 2*time.Second {
		t.Errorf("took %s with a timeout of 80ms", took)
	}
}

// TestOneEndpointDown wants the arm that answers counted, the other missing, and
// nothing lost when it is back.
func TestOneEndpointDown(t *testing.T) {
	old, fresh := servePage(t), servePage(t)
	s := openConfig(t, Config{
		Arms: &Arms{BaselineURL: old.url, CanaryURL: fresh.url},
		Metrics: map[string]Metric{"errors": {Total: &Selector{Name: "requests_total"},
			Bad: &Selector{Match: map[string]string{"code": "5.."}}}},
	})
	var cursor json.RawMessage
	ask := func(oldBody, freshMedia, freshBody string) signal.Counts {
		t.Helper()
		old.body.Store(oldBody)
		fresh.media.Store(freshMedia)
		fresh.body.Store(freshBody)
		got, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		cursor = got.Cursor
		return got
	}
	down := map[target.Arm]string{target.Canary: "text/html"}
	ask("requests_total 10\n", "text/html", "")
	want{base: [2]float64{0, 5}, missing: map[target.Arm]string{target.Canary: "counting begins"}}.
		check(t, "errors", ask("requests_total 15\n", textType, "requests_total 1000\n"))
	want{base: [2]float64{0, 1}, missing: down}.check(t, "errors", ask("requests_total 16\n", "text/html", ""))
	want{base: [2]float64{0, 0}, canary: [2]float64{2, 6}}.
		check(t, "errors", ask("requests_total 16\n", textType, "requests_total 1004\nrequests_total{code=\"502\"} 2\n"))
}

func TestCursorOfAnotherConfiguration(t *testing.T) {
	p := servePage(t)
	p.body.Store("up 1\n")
	first := openConfig(t, Config{URL: p.url, Preset: "lab"})
	got, err := first.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start})
	if err != nil {
		t.Fatal(err)
	}
	arms := &Arms{Label: "version", Baseline: "old", Canary: "new"}
	for name, tc := range map[string]struct {
		config  Config
		refused bool
	}{
		"other arms":    {Config{URL: p.url, Preset: "lab", Arms: arms}, true},
		"other url":     {Config{URL: p.url + "?a=b", Preset: "lab"}, true},
		"other timeout": {Config{URL: p.url, Preset: "lab", Timeout: "9s"}, false},
		"the preset written out": {Config{URL: p.url, Arms: Presets()["lab"].Arms,
			Metrics: Presets()["lab"].Metrics}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openConfig(t, tc.config).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start, Cursor: got.Cursor})
			if errors.Is(err, ErrCursor) != tc.refused || (err != nil && !tc.refused) {
				t.Errorf("Counts() = %v, want refused=%v", err, tc.refused)
			}
		})
	}
	headless := json.RawMessage(`{"v":1,"config":"` + first.plan.id + `"}`)
	if _, err := first.Counts(t.Context(), signal.Request{Queries: errorsQuery, Cursor: headless}); !errors.Is(err, ErrCursor) {
		t.Errorf("a cursor without metrics gives %v, want ErrCursor", err)
	}
	newer := strings.Replace(string(got.Cursor), `"v":1`, `"v":2`, 1)
	if _, err := first.Counts(t.Context(), signal.Request{Queries: errorsQuery, Cursor: json.RawMessage(newer)}); !errors.Is(err, ErrCursor) || !strings.Contains(err.Error(), "format is 2") {
		t.Errorf("a newer cursor gives %v, want ErrCursor that names the format", err)
	}
}

// TestOtherSeriesDoNotCount wants the bound to hold only for what is asked for.
func TestOtherSeriesDoNotCount(t *testing.T) {
	p := servePage(t)
	others := strings.ReplaceAll(manySeries(MaxSeries+1), "lab_requests_total", "other_total")
	play(t, openConfig(t, Config{URL: p.url, Preset: "lab"}), p, errorsQuery, others+b("200", "1"))
}

// TestDeadlineWithOneAnswer wants an error, since the caller gave up.
func TestDeadlineWithOneAnswer(t *testing.T) {
	p := servePage(t)
	p.body.Store("lab_requests_total 1\n")
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(stuck.Close)
	s := openConfig(t, Config{Preset: "lab", Arms: &Arms{BaselineURL: p.url, CanaryURL: stuck.URL}})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got, err := s.Counts(ctx, signal.Request{Queries: errorsQuery, Until: start}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Counts() = %+v, %v, want the deadline", got, err)
	}
}

// TestDeadlineAfterAnAnswer wants what an endpoint answered to be told, though the
// caller's time ran out.
func TestDeadlineAfterAnAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	}))
	t.Cleanup(down.Close)
	s := openConfig(t, Config{URL: down.URL, Preset: "lab"})
	if _, err := s.Counts(ctx, signal.Request{Queries: errorsQuery, Until: start}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "unable to scrape "+down.URL) {
		t.Errorf("Counts() = %v, want the cancellation and the place", err)
	}
}

func TestCompleteThrough(t *testing.T) {
	p := servePage(t)
	p.body.Store("up 1\n")
	s := openConfig(t, Config{URL: p.url, Preset: "lab"})
	for name, tc := range map[string]struct{ until, want time.Time }{
		"past":   {start.Add(-time.Minute), start.Add(-time.Minute)},
		"future": {start.Add(time.Minute), start},
		"none":   {time.Time{}, start},
	} {
		got, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: tc.until})
		if err != nil || !got.CompleteThrough.Equal(tc.want) {
			t.Errorf("until in the %s: complete through %s, %v, want %s", name, got.CompleteThrough, err, tc.want)
		}
	}
}

func TestCursorIsBounded(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Preset: "lab"})
	p.body.Store(manySeries(MaxSeries))
	got, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start})
	if err != nil {
		t.Fatal(err)
	}
	if size := len(got.Cursor); size > 40*MaxSeries {
		t.Errorf("the cursor has %d bytes for %d series", size, MaxSeries)
	}
	p.body.Store("lab_requests_total{arm=\"canary\",path=\"other\"} 1\n")
	if _, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start, Cursor: got.Cursor}); err == nil || !strings.Contains(err.Error(), "10001 series") {
		t.Errorf("Counts() = %v, want an error about the number of series", err)
	}
}
