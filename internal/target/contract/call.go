package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

var errNoObstacles = errors.New("the field obstacles is missing; a pass is an empty list")

// caller makes one call and turns whatever comes back into an answer or a
// *target.Error.
type caller struct {
	base  *url.URL
	http  *httpclient.Client
	token *credential.Reference
}

func newTarget(c Config, deps target.Deps) (*Target, error) {
	base, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("the URL of the contract target cannot be parsed%s", exampleURL)
	}
	timeout, err := c.timeout()
	if err != nil {
		return nil, err
	}
	client := httpclient.New(httpclient.Options{UserAgent: deps.UserAgent, Timeout: timeout, Retries: 1, Token: c.Token})
	return &Target{call: &caller{base: base, http: client, token: c.Token}}, nil
}

// do makes the call and decodes a success into answer.
func (c *caller) do(ctx context.Context, method, path, key string, body, answer any) error {
	place := c.base.JoinPath(path).String()
	// Preflight is a POST without a key: it changes nothing.
	write := key != ""
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return &target.Error{Code: target.CodeInvalid, Message: "the request cannot be written as JSON", Err: err}
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, place, bytes.NewReader(content))
	if err != nil {
		return &target.Error{Code: target.CodeInvalid, Message: "the request cannot be made", Err: err}
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if write {
		req.Header.Set(wire.KeyHeader, key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unanswered(err, write)
	}
	kind := resp.Header.Get("Content-Type")
	got, err := httpclient.ReadAll(resp, wire.MaxBody)
	switch {
	case errors.Is(err, httpclient.ErrTooLarge):
		return c.broken(method, path, write, err)
	case err != nil:
		return &target.Error{Code: target.CodeUnavailable, MaybeDone: write, Err: err,
			Message: fmt.Sprintf("%s %s: the answer broke off", method, path),
			Remedy:  "try again; if it stays so, look at what stands between here and " + c.base.Host}
	}
	isJSON := false
	if media, _, err := mime.ParseMediaType(kind); err == nil {
		isJSON = media == "application/json"
	}
	if resp.StatusCode != http.StatusOK {
		return c.refused(method, path, write, resp.StatusCode, isJSON, got)
	}
	if !isJSON {
		return c.broken(method, path, write, fmt.Errorf("the content type is %q and not application/json", kind))
	}
	if err := wire.Decode(got, answer); err != nil {
		return c.broken(method, path, write, err)
	}
	return nil
}

// unanswered is for a request that got no answer at all.
func (c *caller) unanswered(err error, write bool) error {
	var ref *httpclient.Error
	if !errors.As(err, &ref) {
		// Nothing was sent: the credential did not resolve.
		return &target.Error{Code: target.CodeUnauthorized, Message: "the bearer token could not be read", Err: err,
			Remedy: "make " + c.credential() + " available to this process"}
	}
	if errors.Is(err, httpclient.ErrRedirect) {
		return &target.Error{Code: target.CodeProtocol, Message: "the target answered with a redirect", Err: err,
			Remedy: "give the address that answers itself as url"}
	}
	e := &target.Error{Code: target.CodeUnavailable, MaybeDone: write && !neverSent(err), Err: err,
		Message: "no answer from " + c.base.Host,
		Remedy:  "see that something listens at " + c.base.Redacted() + ", and that this machine can reach it"}
	if errors.Is(err, context.DeadlineExceeded) && e.MaybeDone == write {
		e.Remedy = "it did not answer in time; see what keeps it, and that this machine can reach it"
	}
	return e
}

// neverSent reports whether the connection was never made, so that nothing can
// have happened.
func neverSent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// refused is for an answer with any status but 200.
func (c *caller) refused(method, path string, write bool, status int, isJSON bool, body []byte) error {
	e := &target.Error{MaybeDone: write && status >= 500}
	var said wire.Error
	spoken := isJSON && wire.Decode(body, &said) == nil && said.Code != ""
	switch {
	case spoken && wire.CodeFits(said.Code, status):
		e.Code, e.Message, e.Remedy = said.Code, printable(said.Message), printable(said.Remedy)
		if e.Code == target.CodeUnsupported {
			e.MaybeDone = false
		}
		if said.Observation != nil {
			o, err := said.Observation.Target()
			if err != nil {
				return c.broken(method, path, write, fmt.Errorf("observation: %w", err))
			}
			e.Observation = &o
		}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.Code, e.Message = target.CodeUnauthorized, "the credentials were refused"
	case status >= 500 || status == http.StatusTooManyRequests:
		e.Code = target.CodeUnavailable
		e.Message = fmt.Sprintf("%s %s was answered with status %d", method, path, status)
		e.Remedy = "look at the log of " + c.base.Host
	default:
		return c.broken(method, path, write, fmt.Errorf("status %d does not come with an error of the contract", status))
	}
	if e.Code == target.CodeUnauthorized {
		e.Remedy = "see that " + c.credential() + " holds a token that " + c.base.Host + " accepts"
		if c.token == nil {
			e.Remedy = "refer to a bearer token with token = { env = \"DEPLOY_TOKEN\" }"
		}
	}
	return e
}

// maxText bounds what a server may put into our messages, in characters.
const maxText = 500

// printable makes a server's words fit for a terminal: short, and without
// control characters.
func printable(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	if len(runes) > maxText {
		return string(runes[:maxText]) + "..."
	}
	return string(runes)
}

// broken is for an answer that breaks the contract.
func (c *caller) broken(method, path string, write bool, err error) error {
	return &target.Error{Code: target.CodeProtocol, MaybeDone: write, Err: err,
		Message: fmt.Sprintf("the answer to %s %s breaks the deployment contract", method, path),
		Remedy:  "see that url is the contract's base, and run: sluice contract test " + c.base.Redacted()}
}

func (c *caller) credential() string {
	if c.token == nil {
		return "no credential"
	}
	return c.token.String()
}
