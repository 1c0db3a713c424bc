package httpclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
)

// maxRedirects is how often one request may be sent elsewhere.
const maxRedirects = 5

// lastKey is the key of a request's context under which the status of its last
// answer stands, as a *string.
type lastKey struct{}

// checkRetry is the library's policy, less what cannot get better by waiting.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if last, ok := ctx.Value(lastKey{}).(*string); ok && resp != nil {
		*last = resp.Status
	}
	if errors.Is(err, ErrRedirect) {
		return false, err
	}
	// With no wait of its own the library's backoff is what Retry-After says.
	if retryablehttp.DefaultBackoff(0, 0, 0, resp) > MaxRetryAfter {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
}

// checkRedirect follows reads only, since net/http turns a redirected PUT or
// POST into a GET that would look like a success. A request with a token stays
// with its host and scheme.
func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return fmt.Errorf("%w: %s was redirected to %s://%s; give the address that answers itself",
			ErrRedirect, first.Method, next.URL.Scheme, next.URL.Host)
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d redirects", ErrRedirect, maxRedirects)
	case (c.opts.Token != nil || c.opts.Sign != nil) && (next.URL.Host != first.URL.Host || next.URL.Scheme != first.URL.Scheme):
		return fmt.Errorf("%w: it would carry the token from %s://%s to %s://%s; give the address that answers itself",
			ErrRedirect, first.URL.Scheme, first.URL.Host, next.URL.Scheme, next.URL.Host)
	}
	return nil
}

// token resolves the reference. Variables and files are read each time. What a
// command said is kept until a server refuses it with 401, since a command may
// take seconds.
func (c *Client) token(req *http.Request) (string, error) {
	ref := *c.opts.Token
	if len(ref.Command) == 0 {
		return ref.Resolve(req.Context())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cached != "" {
		return c.cached, nil
	}
	token, err := ref.Resolve(req.Context())
	if err != nil {
		return "", err
	}
	c.cached = token
	return token, nil
}

func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cached = ""
}
