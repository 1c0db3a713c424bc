package prometheus_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

// managed is a Prometheus that answers nothing but what is signed as AWS's own wants it.
type managed struct {
	t     *testing.T
	asked int
}

func (m *managed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	m.asked++
	if got, want := r.Header.Get("Authorization"), m.signature(r); got != want {
		m.t.Logf("the signature is\n%s, want\n%s", got, want)
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message": "The request signature we calculated does not match"}`))
		return
	}
	_, _ = w.Write([]byte(`{"status": "success", "data": {"resultType": "matrix", "result": []}}`))
}

// signature signs what came with AWS's own signer: the headers that are said to be
// signed, and nothing else.
func (m *managed) signature(r *http.Request) string {
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	again, err := http.NewRequestWithContext(m.t.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		m.t.Error(err)
		return ""
	}
	for name := range strings.SplitSeq(list, ";") {
		if name != "host" {
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return "one with a date"
	}
	none := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(m.t.Context(), aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example", SessionToken: "token"}, again, hex.EncodeToString(none[:]), "aps", "eu-central-1", at); err != nil {
		m.t.Error(err)
	}
	return again.Header.Get("Authorization")
}

// Questions to AWS's own Prometheus are signed, with the credentials that there are, and
// its refusal says what is missing.
func TestSigV4(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "token", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent",
		"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	m := &managed{t: t}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ask := func() error {
		config := `{"url": "` + server.URL + `/workspaces/ws-1", "preset": "haproxy", "arms": {"baseline": "old.*", "canary": "new.*"}, "sigv4": {"region": "eu-central-1"}}`
		source, err := prometheus.Driver().Open(t.Context(), json.RawMessage(config), signal.Deps{Clock: clock.NewFake(now), UserAgent: "sluice/test", Actor: "ci@acme"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: "errors"}}, Since: now, Until: now})
		return err
	}
	if err := ask(); err != nil || m.asked != 1 {
		t.Errorf("after %d questions: %v", m.asked, err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	if err := ask(); err == nil || !strings.Contains(err.Error(), "signed for eu-central-1: allow aps:QueryMetrics") {
		t.Errorf("with another key: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	before := m.asked
	if err := ask(); err == nil || !strings.Contains(err.Error(), "no credentials of AWS were found") || m.asked != before {
		t.Errorf("without credentials: %v", err)
	}
}

func TestSigV4BadInput(t *testing.T) {
	for given, want := range map[string]string{
		`"sigv4": {}`: `sigv4.region: the region is missing`,
		`"sigv4": {"region": "eu-central-1", "service": "aps"}`:                       `unknown field "service"; allowed are region, profile`,
		`"sigv4": {"region": "eu-central-1"}, "token": {"env": "T"}`:                  `sigv4: sigv4 and token or basic are both given`,
		`"sigv4": {"region": "eu-central-1", "endpoint": "https://aps.example"}`:      `sigv4.endpoint: url says which endpoint is asked`,
		`"sigv4": {"region": "eu-central-1", "assume_role": [{"role_arn": "admin"}]}`: `sigv4.assume_role[0].role_arn: "admin" is not the ARN of a role`,
	} {
		errs := prometheus.Validate(json.RawMessage(`{"url": "http://127.0.0.1:9090", "preset": "haproxy", "arms": {"baseline": "old.*", "canary": "new.*"}, ` + given + `}`))
		if got := errs.Err(); got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%s: %v, want %q", given, got, want)
		}
	}
}
