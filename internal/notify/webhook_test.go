package notify

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

const marker = "m4rker-s3cret"

// sent makes one event and sends it to a webhook.
func sent(t *testing.T, hook Webhook) error {
	t.Helper()
	w := newWorld(t)
	w.ship("checkout/production", 1)
	s := newWebhookSink(hook, "sluice/test", clock.System{}, noBeat)
	defer s.close()
	_, err := s.send(t.Context(), w.all()[:1])
	return err
}

func TestAWebhookIsSentWhatStandardsSay(t *testing.T) {
	key := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef01234567"))
	t.Setenv("EVENTS_KEY", key)
	t.Setenv("EVENTS_TOKEN", marker+"-token")
	t.Setenv("EVENTS_HEADER", marker+"-header")
	r := newReceiver(t)
	err := sent(t, Webhook{
		URL: r.URL + "/sluice", Token: &credential.Reference{Env: "EVENTS_TOKEN"}, SigningKey: &credential.Reference{Env: "EVENTS_KEY"},
		Header: &Header{Name: "X-Api-Key", Value: credential.Reference{Env: "EVENTS_HEADER"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, body := r.requests[0], r.bodies[0]
	for name, want := range map[string]string{
		"Content-Type": "application/cloudevents+json; charset=utf-8", "Authorization": "Bearer " + marker + "-token",
		"X-Api-Key": marker + "-header", "Idempotency-Key": r.events[0].ID, "Webhook-Id": r.events[0].ID, "User-Agent": "sluice/test",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// The receiver's side is the library of Standard Webhooks.
	verifier, err := webhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(body, req.Header); err != nil {
		t.Errorf("the signature is not one: %v", err)
	}
	if verifier.Verify(append(body, ' '), req.Header) == nil {
		t.Error("a body that was changed is verified")
	}
}

func TestAPlainSigningKeyIsItsBytes(t *testing.T) {
	t.Setenv("EVENTS_KEY", "a plain key")
	r := newReceiver(t)
	if err := sent(t, Webhook{URL: r.URL, SigningKey: &credential.Reference{Env: "EVENTS_KEY"}}); err != nil {
		t.Fatal(err)
	}
	verifier, err := webhooks.NewWebhookRaw([]byte("a plain key"))
	if err == nil {
		err = verifier.Verify(r.bodies[0], r.requests[0].Header)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestAnErrorOfAWebhookHoldsNoSecret puts secrets into everything that may hold one.
func TestAnErrorOfAWebhookHoldsNoSecret(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		http.Error(rw, "your token "+req.Header.Get("Authorization")+" is wrong", http.StatusForbidden)
	}))
	defer refuses.Close()
	moves := httptest.NewServer(http.RedirectHandler("http://"+marker+":x@127.0.0.1:1/"+marker, http.StatusTemporaryRedirect))
	defer moves.Close()
	file := func(text string) *credential.Reference {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return &credential.Reference{File: path}
	}
	for name, tc := range map[string]struct {
		hook Webhook
		want string
	}{
		"a refusal that repeats it":  {Webhook{URL: refuses.URL, Token: file(marker)}, "status 403"},
		"a secret path, away":        {Webhook{URLFrom: file("http://127.0.0.1:1/" + marker + "?sig=" + marker)}, "POST to the URL from file"},
		"no URL":                     {Webhook{URLFrom: file(marker)}, "is not one"},
		"a URL with a password":      {Webhook{URLFrom: file("http://kim:" + marker + "@127.0.0.1:1/")}, "is not one"},
		"a header of two lines":      {Webhook{URL: refuses.URL, Header: &Header{Name: "X-Key", Value: *file(marker + "\n" + marker)}}, "cannot be the value"},
		"a key that is no base64":    {Webhook{URL: refuses.URL, SigningKey: file("whsec_!" + marker)}, "no base64"},
		"a variable that is not set": {Webhook{URL: refuses.URL, Token: &credential.Reference{Env: "SLUICE_TEST_UNSET"}}, "environment variable SLUICE_TEST_UNSET"},
		"sent elsewhere":             {Webhook{URL: moves.URL}, "redirect refused"},
	} {
		tc.hook.Timeout = field.Duration(MaxTimeout)
		err := sent(t, tc.hook)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), marker) {
			t.Errorf("%s: the error holds the secret: %v", name, err)
		}
	}
}

func TestAWebhookThatHangsIsLeftInTime(t *testing.T) {
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hangs.Close()
	defer close(release)
	err := sent(t, Webhook{URL: hangs.URL, Timeout: field.Duration(MinTimeout)})
	if err == nil || err.Error() != "the webhook did not answer within 100ms" {
		t.Error(err)
	}
}
