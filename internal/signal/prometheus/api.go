package prometheus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/common/model"

	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
)

// maxBytes bounds an answer after decompression. A series takes a few hundred.
const maxBytes = 32 << 20

// maxText bounds what a server may put into our messages, in characters.
const maxText = 300

// envelope is what every answer of the API looks like. More keys are allowed,
// since the stores with this API add their own.
type envelope struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	Data      *struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// matrix asks for the raw samples of what the range selector finds at an
// instant, or for the values of an expression at each step when step is not 0.
func (s *source) matrix(ctx context.Context, expr string, at time.Time, span, step time.Duration) (model.Matrix, error) {
	var out model.Matrix
	if step > 0 {
		return out, s.ask(ctx, "query_range", url.Values{"query": {expr}, "start": {stamp(at.Add(-span))}, "end": {stamp(at)}, "step": {promDuration(step)}}, "matrix", &out)
	}
	return out, s.ask(ctx, "query", url.Values{"query": {expr}, "time": {stamp(at)}}, "matrix", &out)
}

// vector asks for the values of an expression at an instant.
func (s *source) vector(ctx context.Context, expr string, at time.Time) (model.Vector, error) {
	var out model.Vector
	return out, s.ask(ctx, "query", url.Values{"query": {expr}, "time": {stamp(at)}}, "vector", &out)
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// ask makes one request and decodes a whole success. The timeout bounds all of
// its attempts.
func (s *source) ask(ctx context.Context, path string, form url.Values, want string, into any) error {
	bounded, cancel := context.WithTimeout(ctx, s.plan.timeout)
	defer cancel()
	form.Set("timeout", promDuration(s.plan.timeout))
	address := s.plan.base.JoinPath("api/v1", path)
	place := address.String()
	address.RawQuery = form.Encode()
	req, err := http.NewRequestWithContext(bounded, http.MethodGet, address.String(), nil)
	if err != nil {
		return errors.New("the address of Prometheus is not a URL")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unanswered(ctx, err, place)
	}
	body, err := httpclient.ReadAll(resp, maxBytes)
	switch {
	case errors.Is(err, httpclient.ErrTooLarge):
		return fmt.Errorf("unable to query %s: %w; narrow the series down with match", place, err)
	case err != nil:
		return s.unanswered(ctx, err, place)
	}
	return s.decode(resp, body, place, want, into)
}

func (s *source) decode(resp *http.Response, body []byte, place, want string, into any) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("unable to query %s: %w", place, fmt.Errorf(format, args...))
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return fail("it answered %s; %s", resp.Status, s.accessRemedy())
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		media = "unknown"
	}
	if media != "application/json" {
		return fail("it answered %s with the content type %s, and application/json is wanted; see that url is the base of Prometheus and not of a sign-in page or a dashboard", resp.Status, media)
	}
	var e envelope
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&e); err != nil {
		return fail("its answer is no whole JSON: %w", err)
	}
	switch {
	case e.Status == "error":
		return fail("it answered %s, %s: %s", resp.Status, printable(e.ErrorType), printable(e.Error))
	case resp.StatusCode != http.StatusOK:
		return fail("it answered %s, and 200 is wanted", resp.Status)
	case e.Status != "success" || e.Data == nil:
		return fail("its answer is not one of the API of Prometheus; see that url is its base")
	case len(e.Warnings) > 0:
		// A part of the data may be missing, and nobody says which.
		return fail("it warns that its answer may not be whole: %s", printable(strings.Join(e.Warnings, "; ")))
	case e.Data.ResultType != want:
		return fail("the result is a %s, and a %s is wanted", printable(e.Data.ResultType), want)
	}
	if err := json.Unmarshal(e.Data.Result, into); err != nil {
		return fail("its result cannot be read: %w", err)
	}
	return nil
}

func (s *source) unanswered(ctx context.Context, err error, place string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("unable to query %s: %w", place, ctx.Err())
	}
	var failed *httpclient.Error
	if errors.As(err, &failed) {
		err = failed.Err // The place is named already.
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("unable to query %s: there was no whole answer in time (timeout %s): %w", place, s.plan.timeout, err)
	}
	return fmt.Errorf("unable to query %s: %w", place, err)
}

func (s *source) accessRemedy() string {
	switch {
	case s.plan.sigv4 != nil:
		return fmt.Sprintf("the question was signed for %s: allow aps:QueryMetrics on the workspace to these credentials, and see that url is the workspace's without /api/v1", s.plan.sigv4.Region)
	case s.plan.secret == nil:
		return "no credential was sent: give one by reference, for example token = { env = \"METRICS_TOKEN\" }"
	case s.plan.username != "":
		return fmt.Sprintf("check the user %q and the password in %s", s.plan.username, s.plan.secret)
	}
	return fmt.Sprintf("check the token in %s", s.plan.secret)
}

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
