package httpclient

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

const marker = "m4rker-s3cret"

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func newClient(t *testing.T, opts Options) *Client {
	t.Helper()
	c := New(opts)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func request(t *testing.T, ctx context.Context, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func tokenRef(t *testing.T) *credential.Reference {
	t.Helper()
	t.Setenv("SLUICE_TEST_TOKEN", marker)
	return &credential.Reference{Env: "SLUICE_TEST_TOKEN"}
}

func TestRepeatsOnlyWhereSafe(t *testing.T) {
	cases := map[string]struct {
		method, key string
		attempts    int32
	}{
		"GET":               {method: "GET", attempts: 3},
		"HEAD":              {method: "HEAD", attempts: 3},
		"PUT":               {method: "PUT", attempts: 3},
		"POST":              {method: "POST", attempts: 1},
		"DELETE":            {method: "DELETE", attempts: 1},
		"POST with its key": {method: "POST", key: "k1", attempts: 3},
	}
	for name, tc := range cases {
		for fault, h := range map[string]http.HandlerFunc{
			"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
			"429": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		} {
			t.Run(name+" "+fault, func(t *testing.T) {
				var attempts atomic.Int32
				srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
					attempts.Add(1)
					if body, _ := io.ReadAll(r.Body); string(body) != "wish" {
						t.Errorf("attempt %d has the body %q", attempts.Load(), body)
					}
					h(w, r)
				})
				req := request(t, t.Context(), tc.method, srv.URL, "wish")
				if tc.key != "" {
					req.Header.Set("Idempotency-Key", tc.key)
				}
				resp, err := newClient(t, Options{Retries: 2}).Do(req)
				if err != nil {
					t.Fatalf("Do() failed: %v; the last answer belongs to the caller", err)
				}
				_ = resp.Body.Close()
				if got := resp.StatusCode; got != 500 && got != 429 {
					t.Errorf("status %d, want the server's", got)
				}
				if got := attempts.Load(); got != tc.attempts {
					t.Errorf("%d attempts, want %d", got, tc.attempts)
				}
			})
		}
	}
}

func TestRepeatsUntilItWorks(t *testing.T) {
	var attempts atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if attempts.Add(1) == 1 {
			panic(http.ErrAbortHandler) // The connection is lost after the request.
		}
		_, _ = io.WriteString(w, r.UserAgent())
	})
	resp, err := newClient(t, Options{Retries: 2, UserAgent: "sluice/test"}).Do(request(t, t.Context(), "PUT", srv.URL, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := ReadAll(resp, 100); err != nil || string(body) != "sluice/test" {
		t.Errorf("body %q, %v, want the user agent", body, err)
	}
	if attempts.Load() != 2 {
		t.Errorf("%d attempts, want 2", attempts.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	cases := map[string]struct {
		header   string
		attempts int32
		atLeast  time.Duration
	}{
		"short is waited for":      {header: "1", attempts: 2, atLeast: time.Second},
		"long goes to the caller":  {header: "3600", attempts: 1},
		"nonsense is passed over":  {header: "soon", attempts: 2},
		"negative is passed over":  {header: "-5", attempts: 2},
		"overlong date is refused": {header: "Fri, 31 Dec 2199 23:59:59 GMT", attempts: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int32
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if attempts.Add(1) == 1 {
					w.Header().Set("Retry-After", tc.header)
					w.WriteHeader(503)
				}
			})
			start := clock.System{}.Now()
			resp, err := newClient(t, Options{Retries: 1}).Do(request(t, t.Context(), "GET", srv.URL, ""))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := attempts.Load(); got != tc.attempts {
				t.Errorf("%d attempts, want %d", got, tc.attempts)
			}
			if took := (clock.System{}).Now().Sub(start); took < tc.atLeast || took > 5*time.Second {
				t.Errorf("took %s, want at least %s and not long", took, tc.atLeast)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	release := make(chan struct{})
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "begun")
			w.(http.Flusher).Flush()
		}
		<-release
	})
	t.Cleanup(func() { close(release) })
	c := newClient(t, Options{Timeout: 50 * time.Millisecond})
	if _, err := c.Do(request(t, t.Context(), "GET", srv.URL, "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Do() = %v, want a deadline", err)
	}
	resp, err := c.Do(request(t, t.Context(), "GET", srv.URL+"/body", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAll(resp, 100); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ReadAll() = %v, want a deadline, since the timeout covers the body", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Do(request(t, ctx, "GET", srv.URL, "")); !errors.Is(err, context.Canceled) {
		t.Errorf("Do() = %v, want the cancellation", err)
	}
}

// TestTheTimeRunsOutInAWait wants the answer that made the client wait to be named.
func TestTheTimeRunsOutInAWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(503)
		time.AfterFunc(100*time.Millisecond, cancel)
	})
	_, err := newClient(t, Options{Retries: 1}).Do(request(t, ctx, "GET", srv.URL, ""))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "503 Service Unavailable") {
		t.Errorf("Do() = %v, want the cancellation and the answer before it", err)
	}
}

func TestReadAll(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte(strings.Repeat("a", 1000)))
			_ = z.Close()
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "only this")
		default:
			_, _ = io.WriteString(w, "0123456789")
		}
	})
	cases := map[string]struct {
		path  string
		limit int64
		size  int
		is    error
	}{
		"fits exactly":         {limit: 10, size: 10},
		"one too many":         {limit: 9, is: ErrTooLarge},
		"gzip is unpacked":     {path: "/gzip", limit: 1000, size: 1000},
		"gzip counts unpacked": {path: "/gzip", limit: 999, is: ErrTooLarge},
		"cut short":            {path: "/cut", limit: 1000, is: io.ErrUnexpectedEOF},
	}
	c := newClient(t, Options{})
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			resp, err := c.Do(request(t, t.Context(), "GET", srv.URL+tc.path, ""))
			if err != nil {
				t.Fatal(err)
			}
			body, err := ReadAll(resp, tc.limit)
			if !errors.Is(err, tc.is) || len(body) != tc.size {
				t.Errorf("ReadAll() = %d bytes, %v; want %d, %v", len(body), err, tc.size, tc.is)
			}
		})
	}
}
