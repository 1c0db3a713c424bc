// Package httpclient is the one way in which Sluice talks HTTP: with a bound on
// every call, repeats only where repeating is safe, and a token that comes by
// reference and goes nowhere but to the host that was asked.
package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

// Options says how to talk.
type Options struct {
	// UserAgent is sent with every request that has none.
	UserAgent string
	// Timeout bounds one attempt, from the connection to the end of the body. 0
	// means DefaultTimeout. The whole of Do, with its repeats, is bounded by the
	// request's context.
	Timeout time.Duration
	// Retries is how often a request may be repeated, 0 for never. See Repeatable.
	Retries int
	// Token is sent as a bearer token when it is not nil.
	Token *credential.Reference
	// Username makes Token the password of HTTP basic authentication instead.
	Username string
	// Sign, where it is not nil, signs each request when all else of it stands, instead
	// of Token. Repeats are sent with the same signature.
	Sign func(*http.Request) error
	// Proxy is the proxy for every request. Nil means that of the environment
	// (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
	Proxy *url.URL
}

// DefaultTimeout bounds one attempt when the options do not say.
const DefaultTimeout = 10 * time.Second

// The waits between attempts grow with each attempt and are spread at random, so
// that clients that failed together do not come back together. They are short
// because a tick is a second or a few.
const (
	minWait = 50 * time.Millisecond
	maxWait = 250 * time.Millisecond
)

// MaxRetryAfter is the longest wait that a server may ask for with Retry-After.
// With a longer one the answer is handed to the caller instead, who has better
// things to do than to sleep.
const MaxRetryAfter = 10 * time.Second

// ErrRedirect means that a server sent us to a place where we do not go.
var ErrRedirect = errors.New("redirect refused")

// Error says that a request got no answer. Its text holds no query, user or
// token.
type Error struct {
	Method string
	// URL is without user, query and fragment.
	URL string
	Err error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Method, e.URL, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Client sends requests. It is safe for concurrent use and keeps connections
// open between them. It logs nothing.
type Client struct {
	opts  Options
	retry *retryablehttp.Client
	plain *retryablehttp.Client

	mu     sync.Mutex
	cached string // the token of a command, until it is refused
}

// New makes a client. It does not connect and looks no token up.
func New(opts Options) *Client {
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	c := &Client{opts: opts}
	transport := cleanhttp.DefaultPooledTransport()
	if opts.Proxy != nil {
		transport.Proxy = http.ProxyURL(opts.Proxy)
	}
	inner := &http.Client{
		Transport:     transport,
		Timeout:       opts.Timeout,
		CheckRedirect: c.checkRedirect,
	}
	c.retry, c.plain = wrap(inner, max(opts.Retries, 0)), wrap(inner, 0)
	return c
}

func wrap(inner *http.Client, retries int) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   inner,
		RetryWaitMin: minWait,
		RetryWaitMax: maxWait,
		RetryMax:     retries,
		CheckRetry:   checkRetry,
		Backoff:      retryablehttp.RateLimitLinearJitterBackoff,
		// The last answer or error goes to the caller as it is.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// Repeatable says whether the request may be sent again when it is not known
// what became of it: it only reads, it states a wish (PUT), or it carries an
// Idempotency-Key by which the server knows it again.
func Repeatable(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodPut:
		return true
	}
	return req.Header.Get("Idempotency-Key") != ""
}

// Do sends the request and returns the answer, whatever its status, or an error
// when there was none: a credential that does not resolve, or an *Error. The
// caller closes the body, which ReadAll does. A 429, a 5xx and a lost connection
// are repeated when the request is Repeatable, honouring Retry-After. The
// request given is not changed.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	last := ""
	out := req.Clone(context.WithValue(req.Context(), lastKey{}, &last))
	if out.Header.Get("User-Agent") == "" && c.opts.UserAgent != "" {
		out.Header.Set("User-Agent", c.opts.UserAgent)
	}
	if c.opts.Token != nil {
		token, err := c.token(out)
		if err != nil {
			return nil, err
		}
		if c.opts.Username != "" {
			out.SetBasicAuth(c.opts.Username, token)
		} else {
			out.Header.Set("Authorization", "Bearer "+token)
		}
	}
	if c.opts.Sign != nil {
		if err := c.opts.Sign(out); err != nil {
			return nil, err
		}
	}
	retryable, err := retryablehttp.FromRequest(out)
	if err != nil {
		return nil, failure(req, err, "")
	}
	client := c.plain
	if Repeatable(req) {
		client = c.retry
	}
	resp, err := client.Do(retryable)
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close() // The error says more than the close could.
		}
		return nil, failure(req, err, last)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		c.forget()
	}
	return resp, nil
}

// CloseIdleConnections closes the connections that no request uses.
func (c *Client) CloseIdleConnections() { c.retry.HTTPClient.CloseIdleConnections() }

// failure drops net/http's wrapper, whose text holds the query of the URL. last is
// the status of the last answer, which is what a reader wants to know where the
// time ran out in a wait for the next attempt.
func failure(req *http.Request, err error, last string) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if last != "" && req.Context().Err() != nil {
		err = fmt.Errorf("%w; the last attempt was answered %s", err, last)
	}
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	place := url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host, Path: req.URL.Path}
	return &Error{Method: method, URL: place.String(), Err: err}
}

// ErrTooLarge means that an answer was longer than the caller takes.
var ErrTooLarge = errors.New("the answer is too large")

// ReadAll reads an answer's body of at most limit bytes, after decompression,
// and closes it. A longer one is ErrTooLarge; one that was cut short is
// io.ErrUnexpectedEOF.
func ReadAll(resp *http.Response, limit int64) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }() // All that was wanted has been read.
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return body, nil
}
