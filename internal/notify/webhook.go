package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
)

// webhookRetries is how often one delivery is repeated within its timeout. What then
// was not taken waits for the next round.
const webhookRetries = 2

// maxAnswer is how much of an answer is read so that the connection can be used again.
const maxAnswer = 64 << 10

// webhookSink sends each event with a POST of its own, in CloudEvents' structured mode.
type webhookSink struct {
	webhook Webhook
	clock   clock.Clock
	client  *httpclient.Client
	// beat shows between two deliveries that the deliverer lives.
	beat func(ctx context.Context) error
	// ready is true once the references are resolved: once for a batch of work, since a
	// command may take seconds.
	ready       bool
	url         string
	headerValue string
	key         []byte
}

func newWebhookSink(w Webhook, userAgent string, c clock.Clock, beat func(context.Context) error) *webhookSink {
	return &webhookSink{webhook: w, clock: c, beat: beat, client: httpclient.New(httpclient.Options{
		UserAgent: userAgent, Timeout: w.timeout(), Retries: webhookRetries, Token: w.Token,
	})}
}

func (s *webhookSink) close() { s.client.CloseIdleConnections() }

func (s *webhookSink) send(ctx context.Context, events []Event) (int, error) {
	for i, e := range events {
		if err := s.beat(ctx); err != nil {
			return i, err
		}
		if err := s.sendOne(ctx, e); err != nil {
			return i, err
		}
	}
	return len(events), nil
}

func (s *webhookSink) sendOne(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(ctx, s.webhook.timeout())
	defer cancel()
	if err := s.resolve(ctx); err != nil {
		return err
	}
	body, err := e.Line()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("no request can be made of the webhook's URL")
	}
	req.Header.Set("Content-Type", ContentType+"; charset=utf-8")
	// By this the receiver knows a repetition, and our client that it may repeat.
	req.Header.Set("Idempotency-Key", e.ID)
	if s.webhook.Header != nil {
		req.Header.Set(s.webhook.Header.Name, s.headerValue)
	}
	if s.key != nil {
		s.sign(req, e.ID, body)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unsaid(ctx, err)
	}
	if _, err := httpclient.ReadAll(resp, maxAnswer); err != nil && !errors.Is(err, httpclient.ErrTooLarge) {
		return s.unsaid(ctx, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &refusedError{status: resp.StatusCode}
	}
	return nil
}

// unsaid takes what may be secret out of an error: the URL, where that is referred to.
func (s *webhookSink) unsaid(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the webhook did not answer within %s", field.FormatDuration(s.webhook.timeout()))
	}
	var failed *httpclient.Error
	if s.webhook.URLFrom != nil && errors.As(err, &failed) {
		return fmt.Errorf("POST to the URL from %s: %w", s.webhook.URLFrom, failed.Err)
	}
	return err
}

// resolve looks the references up.
func (s *webhookSink) resolve(ctx context.Context) error {
	if s.ready {
		return nil
	}
	w := s.webhook
	s.url = w.URL
	if w.URLFrom != nil {
		secret, err := w.URLFrom.Resolve(ctx)
		if err != nil {
			return err
		}
		if problem := field.HTTPURL(secret, exampleURL, "EVENTS_TOKEN", "leave it out"); problem != "" {
			return fmt.Errorf("the webhook's URL from %s is not one: it must be absolute, with http or https, and without user, password and fragment", w.URLFrom)
		}
		s.url = secret
	}
	if w.Header != nil {
		value, err := w.Header.Value.Resolve(ctx)
		if err != nil {
			return err
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("what %s holds cannot be the value of a header: it has a line break or another control character", w.Header.Value)
		}
		s.headerValue = value
	}
	if w.SigningKey != nil {
		secret, err := w.SigningKey.Resolve(ctx)
		if err != nil {
			return err
		}
		if s.key, err = signingKey(secret); err != nil {
			return fmt.Errorf("the signing key from %s %w", w.SigningKey, err)
		}
	}
	s.ready = true
	return nil
}

// keyPrefix begins a key in the form of Standard Webhooks, and signaturePrefix a
// signature by HMAC-SHA256.
const (
	keyPrefix       = "whsec_"
	signaturePrefix = "v1,"
)

// signingKey reads a key: "whsec_" and base64, as Standard Webhooks has it; any other
// text is the key itself.
func signingKey(secret string) ([]byte, error) {
	coded, ok := strings.CutPrefix(secret, keyPrefix)
	if !ok {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(key) == 0 {
		return nil, errors.New("begins with whsec_ and is no base64 behind it")
	}
	return key, nil
}

// sign adds the headers of Standard Webhooks.
func (s *webhookSink) sign(req *http.Request, id string, body []byte) {
	stamp := strconv.FormatInt(s.clock.Now().Unix(), 10)
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", signaturePrefix+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
