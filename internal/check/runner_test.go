package check_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// service answers by path; /hang answers when the test ends.
func service(t *testing.T) string {
	t.Helper()
	done := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(`{"state":"ok","depth":3,"version":"1.1.0","checks":[{"name":"db","up":true}],"asked":"` + r.Method + " " + r.Header.Get("X-Probe") + " " + r.Host + `"}`))
	})
	mux.HandleFunc("/down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>s3cret</html>")) })
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { <-done })
	mux.HandleFunc("/great", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, check.MaxBody+1)) })
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) }) // Before Close, which waits for the handlers.
	return s.URL
}

func is(text string) check.Assertion { return check.Assertion{Equals: &text} }

func TestRun(t *testing.T) {
	url := service(t)
	t.Setenv("CHECK_TEST_TOKEN", "s3cret")
	for name, c := range map[string]struct {
		check check.Check
		want  check.Status
		says  string
	}{
		"any 2xx":           {check.Check{URL: url + "/ok"}, check.Pass, "status 200 in "},
		"a stated status":   {check.Check{URL: url + "/down", Expect: check.Expect{Status: []int{200, 503}}}, check.Pass, "503"},
		"another status":    {check.Check{URL: url + "/down"}, check.Fail, "status 503; expected 200 to 299"},
		"not one of two":    {check.Check{URL: url + "/ok", Expect: check.Expect{Status: []int{201, 204}}}, check.Fail, "status 200; expected 201 or 204"},
		"a header":          {check.Check{URL: url + "/ok", Expect: check.Expect{Headers: map[string]check.Assertion{"content-type": {Matches: "application/json.*"}}}}, check.Pass, "status 200"},
		"half of a header":  {check.Check{URL: url + "/ok", Expect: check.Expect{Headers: map[string]check.Assertion{"content-type": {Matches: "application"}}}}, check.Fail, `expected a match of "application"`},
		"a missing header":  {check.Check{URL: url + "/ok", Expect: check.Expect{Headers: map[string]check.Assertion{"X-Version": is("1")}}}, check.Fail, "header X-Version is not there"},
		"JSON":              {check.Check{URL: url + "/ok", Expect: check.Expect{JSON: map[string]check.Assertion{"checks.0.up": is("true"), "depth": is("3.0"), "version": {Matches: `1\.\d+\.0`}}}}, check.Pass, "status 200"},
		"other JSON":        {check.Check{URL: url + "/ok", Expect: check.Expect{JSON: map[string]check.Assertion{"depth": is("4"), "gone": is("1")}}}, check.Fail, `depth is "3"; expected "4"; nothing stands at gone; expected "1"`},
		"no JSON":           {check.Check{URL: url + "/page", Expect: check.Expect{JSON: map[string]check.Assertion{"a": is("1")}}}, check.Fail, "the body is not one JSON document"},
		"sent":              {check.Check{URL: url + "/ok", Method: "POST", Body: "{}", Headers: map[string]string{"X-Probe": "canary", "Host": "checkout.example"}, Expect: check.Expect{JSON: map[string]check.Assertion{"asked": is("POST canary checkout.example")}}}, check.Pass, "status 200"},
		"too slow":          {check.Check{URL: url + "/hang", Timeout: field.Duration(100 * time.Millisecond)}, check.Unknown, "no whole answer within 100ms"},
		"nobody there":      {check.Check{URL: "http://127.0.0.1:1/x?sig=s3cret"}, check.Unknown, "refused"},
		"a great body":      {check.Check{URL: url + "/great"}, check.Pass, "status 200"},
		"great for JSON":    {check.Check{URL: url + "/great", Expect: check.Expect{JSON: map[string]check.Assertion{"a": is("1")}}}, check.Unknown, "too large"},
		"a credential":      {check.Check{URL: url + "/who", Token: &credential.Reference{Env: "CHECK_TEST_TOKEN"}}, check.Pass, "status 200"},
		"no credential":     {check.Check{URL: url + "/who", Token: &credential.Reference{Env: "CHECK_TEST_UNSET"}}, check.Unknown, "CHECK_TEST_UNSET"},
		"without being let": {check.Check{URL: url + "/who"}, check.Fail, "status 401"},
	} {
		t.Run(name, func(t *testing.T) {
			c.check.Name = "probe"
			if errs := c.check.Validate(); len(errs) > 0 {
				t.Fatal(errs)
			}
			got := check.HTTP{Clock: clock.System{}, UserAgent: "test"}.Run(context.Background(), c.check)
			if got.Status != c.want || !strings.Contains(got.Reason, c.says) || got.Name != "probe" || got.Passed() != (c.want == check.Pass) {
				t.Errorf("%+v; want %s with %q", got, c.want, c.says)
			}
			if strings.Contains(got.Reason, "s3cret") {
				t.Errorf("a secret stands in %q", got.Reason)
			}
		})
	}
}

// Latency is measured on the injected clock: an answer that took longer than
// expected fails even where everything else is right.
func TestLatency(t *testing.T) {
	fake := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fake.Advance(300 * time.Millisecond) }))
	t.Cleanup(s.Close)
	c := check.Check{Name: "quick", URL: s.URL, Expect: check.Expect{Within: field.Duration(250 * time.Millisecond)}}
	got := check.HTTP{Clock: fake}.Run(context.Background(), c)
	if got.Status != check.Fail || got.Reason != "it took 300ms; expected at most 250ms" || got.Took.Std() != 300*time.Millisecond {
		t.Errorf("%+v", got)
	}
	c.Expect.Within = field.Duration(300 * time.Millisecond)
	if got := (check.HTTP{Clock: fake}).Run(context.Background(), c); !got.Passed() {
		t.Errorf("%+v", got)
	}
}

// Whoever stops waiting learns nothing about the service.
func TestACancelledCheckIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got := (check.HTTP{Clock: clock.System{}}).Run(ctx, check.Check{Name: "x", URL: service(t) + "/ok"}); got.Status != check.Unknown {
		t.Errorf("%+v", got)
	}
}
