package httpclient

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

func TestTokenIsSentAndTheRequestLeftAlone(t *testing.T) {
	var got atomic.Value
	srv := serve(t, func(_ http.ResponseWriter, r *http.Request) { got.Store(r.Header.Get("Authorization")) })
	req := request(t, t.Context(), "GET", srv.URL, "")
	resp, err := newClient(t, Options{Token: tokenRef(t)}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got.Load() != "Bearer "+marker {
		t.Errorf("Authorization %q, want the bearer token", got.Load())
	}
	if len(req.Header) != 0 {
		t.Errorf("the caller's request was changed: %v", req.Header)
	}
}

func TestRedirects(t *testing.T) {
	var leaked atomic.Int32
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Add(1)
		}
	})
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/home":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/":
		}
	})
	token := tokenRef(t)
	cases := map[string]struct {
		method, path string
		token        *credential.Reference
		refused      bool
	}{
		"read at home":             {method: "GET", path: "/home"},
		"read at home, token":      {method: "GET", path: "/home", token: token},
		"read away":                {method: "GET", path: "/away"},
		"read away, token":         {method: "GET", path: "/away", token: token, refused: true},
		"write becomes no read":    {method: "PUT", path: "/home", refused: true},
		"a loop is not for ever":   {method: "GET", path: "/loop", refused: true},
		"a post becomes no read":   {method: "POST", path: "/away", refused: true},
		"write without a redirect": {method: "PUT", path: "/"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			resp, err := newClient(t, Options{Token: tc.token, Retries: 3}).Do(request(t, t.Context(), tc.method, srv.URL+tc.path, "x"))
			if err == nil {
				_ = resp.Body.Close()
			}
			if refused := errors.Is(err, ErrRedirect); refused != tc.refused || (err != nil && !refused) {
				t.Errorf("Do() = %v, want refused=%v", err, tc.refused)
			}
		})
	}
	if leaked.Load() != 0 {
		t.Error("the token went to another host")
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	srv := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	place := strings.Replace(srv.URL, "http://", "http://user:"+marker+"@", 1) + "/metrics?key=" + marker
	t.Setenv("SLUICE_TEST_BROKEN", marker+"\nInjected: "+marker)
	for name, token := range map[string]*credential.Reference{
		"lost connection":        tokenRef(t),
		"token with a line feed": {Env: "SLUICE_TEST_BROKEN"},
		"token unset":            {Env: "SLUICE_TEST_UNSET"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, Options{Token: token}).Do(request(t, t.Context(), "GET", place, ""))
			if err == nil {
				t.Fatal("Do() succeeded")
			}
			if strings.Contains(err.Error(), marker) {
				t.Errorf("error %q holds the secret", err)
			}
			var failed *Error
			if errors.As(err, &failed) && failed.URL != srv.URL+"/metrics" {
				t.Errorf("URL %q, want %q", failed.URL, srv.URL+"/metrics")
			}
		})
	}
}

// A user makes the token a password, and it goes to no other host either.
func TestBasicAndProxy(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "sluice" || password != marker {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	resp, err := newClient(t, Options{Token: tokenRef(t), Username: "sluice"}).Do(request(t, t.Context(), "GET", srv.URL, ""))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("basic: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	var asked atomic.Value
	proxy := serve(t, func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.URL.String()) })
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp, err = newClient(t, Options{Proxy: through}).Do(request(t, t.Context(), "GET", "http://nobody.invalid/x", ""))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if asked.Load() != "http://nobody.invalid/x" {
		t.Errorf("the proxy was asked for %v", asked.Load())
	}
}

func TestCommandIsAskedAgainAfter401(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	token := &credential.Reference{Command: []string{"sh", "-c", "echo x >>" + calls + "; wc -l <" + calls + " | tr -d ' '"}}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer 2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	c := newClient(t, Options{Token: token, Retries: 3})
	var statuses []int
	for range 4 {
		resp, err := c.Do(request(t, t.Context(), "GET", srv.URL, ""))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		statuses = append(statuses, resp.StatusCode)
	}
	if statuses[0] != 401 || statuses[1] != 200 || statuses[3] != 200 {
		t.Errorf("statuses %v, want the refused token replaced and the good one kept", statuses)
	}
	content, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(content), "x"); got != 2 {
		t.Errorf("the command ran %d times, want 2", got)
	}
}
