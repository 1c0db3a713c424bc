package prometheus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

const marker = "m4rker-s3cret"

// fake answers every question the same.
func fake(t *testing.T, answer http.HandlerFunc) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, asked
}

func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const (
	plain   = "application/json"
	nothing = `{"status":"success","data":{"resultType":"matrix","result":[]}}`
)

// simple counts errors by label.
func simple(base string) prometheus.Config {
	return prometheus.Config{
		URL: base, Arms: &prometheus.Arms{Label: "arm", Baseline: "baseline", Canary: "canary"},
		Metrics: map[string]prometheus.Metric{"errors": {
			Total: &prometheus.Selector{Name: "http_requests_total"}, Bad: &prometheus.Selector{Match: map[string]string{"code": "5.."}}}},
	}
}

var errorsQuery = []signal.Query{{Metric: "errors"}}

// TestAnswersThatAreNotBelieved wants an error, and no counts, for whatever is no
// whole answer.
func TestAnswersThatAreNotBelieved(t *testing.T) {
	cases := map[string]struct {
		status     int
		kind, body string
		want       string
	}{
		"a page":             {200, "text/html; charset=utf-8", "<html>sign in</html>", "content type text/html, and application/json is wanted; see that url is the base"},
		"a page with JSON":   {200, plain, "<html>", "no whole JSON"},
		"an error page":      {502, "text/html", "<html>bad gateway</html>", "502 Bad Gateway"},
		"no content type":    {200, "", nothing, "content type unknown"},
		"cut short":          {200, plain, nothing[:30], "no whole JSON"},
		"another API":        {200, plain, `{"hello":"world"}`, "not one of the API of Prometheus"},
		"success of nothing": {200, plain, `{"status":"success"}`, "not one of the API of Prometheus"},
		"warnings":           {200, plain, `{"status":"success","warnings":["store 10.0.0.7 is down"],"data":{"resultType":"matrix","result":[]}}`, "may not be whole: store 10.0.0.7 is down"},
		"a vector":           {200, plain, `{"status":"success","data":{"resultType":"vector","result":[]}}`, "the result is a vector, and a matrix is wanted"},
		"a strange result":   {200, plain, `{"status":"success","data":{"resultType":"matrix","result":{"a":1}}}`, "its result cannot be read"},
		"a refused query":    {422, plain, `{"status":"error","errorType":"execution","error":"query processing would load too many samples"}`, "execution: query processing would load too many samples"},
		"an overloaded one":  {503, plain, `{"status":"error","errorType":"timeout","error":"query timed out"}`, "timeout: query timed out"},
		"no permission":      {403, "text/plain", "no", "403 Forbidden; no credential was sent: give one by reference, for example token = { env = \"METRICS_TOKEN\" }"},
		"control characters": {400, plain, `{"status":"error","errorType":"bad_data","error":"a\u001b[31mb"}`, "bad_data: a [31mb"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			base, _ := fake(t, says(tc.status, tc.kind, tc.body))
			source := openSource(t, simple(base))
			got, err := source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("Counts() = %+v, %v, want an error that says %q", got, err, tc.want)
			}
			if !strings.Contains(err.Error(), base+"/api/v1/query") {
				t.Errorf("error %q does not name the place", err)
			}
			if len(got.Counts)+len(got.Missing)+len(got.Cursor) > 0 {
				t.Errorf("an error comes with the answer %+v", got)
			}
			if _, err := source.History(t.Context(), signal.HistoryRequest{Metrics: []string{"errors"}, Until: clock.System{}.Now(), Span: time.Hour, Block: time.Minute}); err == nil {
				t.Error("History() believes it")
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	t.Setenv("SLUICE_TEST_SECRET", marker)
	secret := &credential.Reference{Env: "SLUICE_TEST_SECRET"}
	check := func(w http.ResponseWriter, r *http.Request) {
		user, password, basic := r.BasicAuth()
		if r.Header.Get("Authorization") == "Bearer "+marker || (basic && user == "sluice" && password == marker) {
			says(200, plain, nothing)(w, r)
			return
		}
		says(401, "text/plain", "who are you? "+marker)(w, r)
	}
	wrong := &credential.Reference{Command: []string{"echo", "wrong"}}
	cases := map[string]struct {
		token *credential.Reference
		basic *prometheus.Basic
		want  string
	}{
		"bearer":       {token: secret},
		"basic":        {basic: &prometheus.Basic{Username: "sluice", Password: secret}},
		"none":         {want: "401 Unauthorized; no credential was sent"},
		"wrong bearer": {token: wrong, want: "401 Unauthorized; check the token in command echo"},
		"wrong basic":  {basic: &prometheus.Basic{Username: "sluice", Password: wrong}, want: `check the user "sluice" and the password in command echo`},
		"unset":        {token: &credential.Reference{Env: "SLUICE_TEST_UNSET"}, want: "environment variable SLUICE_TEST_UNSET"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			base, _ := fake(t, check)
			c := simple(base)
			c.Token, c.Basic = tc.token, tc.basic
			_, err := openSource(t, c).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()})
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("Counts() = %v, want an error that says %q", err, tc.want)
			case err != nil && strings.Contains(err.Error(), marker):
				t.Errorf("error %q holds the secret", err)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	base, _ := fake(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := simple(base)
	c.Timeout = "100ms"
	_, err := openSource(t, c).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no whole answer in time (timeout 100ms)") {
		t.Errorf("Counts() = %v, want that it took too long", err)
	}
	unreachable := simple("http://127.0.0.1:1")
	if _, err := openSource(t, unreachable).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("Counts() of nobody = %v", err)
	}
}

// TestRetries fails twice before it answers.
func TestRetries(t *testing.T) {
	var n atomic.Int32
	base, asked := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 2 {
			says(503, "text/plain", "starting")(w, r)
			return
		}
		says(200, plain, nothing)(w, r)
	})
	if _, err := openSource(t, simple(base)).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()}); err != nil {
		t.Errorf("Counts() = %v after %d requests, want that it tried again", err, asked.Load())
	}
}

// TestProxy reaches a Prometheus whose name only the proxy knows.
func TestProxy(t *testing.T) {
	var asked atomic.Value
	proxy, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.Host)
		says(200, plain, nothing)(w, r)
	})
	c := simple("http://prometheus.invalid:9090")
	c.Proxy = proxy
	if _, err := openSource(t, c).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()}); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != "prometheus.invalid:9090" {
		t.Errorf("the proxy was asked for %v", asked.Load())
	}
}

// TestBasePath keeps a path before the API's, as gateways have one.
func TestBasePath(t *testing.T) {
	var query atomic.Pointer[url.URL]
	base, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		query.Store(r.URL)
		says(200, plain, nothing)(w, r)
	})
	if _, err := openSource(t, simple(base+"/tenant-a/")).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: time.UnixMilli(1764000000123)}); err != nil {
		t.Fatal(err)
	}
	u := query.Load()
	if u.Path != "/tenant-a/api/v1/query" || u.Query().Get("time") != "1764000000.123" {
		t.Errorf("asked %s", u)
	}
	const want = `{__name__="http_requests_total",arm=~"baseline|canary",le=""}[121s]`
	if got := u.Query().Get("query"); got != want {
		t.Errorf("query %s, want %s", got, want)
	}
}

// TestCursorsThatCannotBeUsed wants an error, since to begin anew would lose
// events silently.
func TestCursorsThatCannotBeUsed(t *testing.T) {
	base, _ := fake(t, says(200, plain, nothing))
	source := openSource(t, simple(base))
	first, err := source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now()})
	if err != nil {
		t.Fatal(err)
	}
	other := simple(base)
	other.Arms.Canary = "another"
	for name, tc := range map[string]struct {
		source signal.Source
		cursor string
		want   string
	}{
		"another configuration": {openSource(t, other), string(first.Cursor), "another configuration"},
		"a newer format":        {source, strings.Replace(string(first.Cursor), `"v":1`, `"v":2`, 1), "its format is 2"},
		"no list":               {source, strings.Replace(string(first.Cursor), `"metrics":{`, `"metrics":{"errors":{"x":[1,2]}`+strings.Repeat(" ", 1), 1), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tc.source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now(), Cursor: json.RawMessage(tc.cursor)})
			if !errors.Is(err, prometheus.ErrCursor) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Counts() = %v, want that the cursor cannot be used: %s", err, tc.want)
			}
		})
	}
	renewed := simple(base)
	renewed.Timeout, renewed.Token = "9s", &credential.Reference{Command: []string{"echo", "x"}}
	if _, err := openSource(t, renewed).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clock.System{}.Now(), Cursor: first.Cursor}); err != nil {
		t.Errorf("a new token or timeout makes the cursor useless: %v", err)
	}
}

func ExamplePresets() {
	raw, _ := json.Marshal(prometheus.Presets()["haproxy"])
	fmt.Println(string(raw))
	// Output: {"arms":{"label":"server","baseline":"old.*","canary":"new.*"},"metrics":{"errors":{"total":{"name":"haproxy_server_http_responses_total"},"bad":{"match":{"code":"5xx"}}}}}
}
