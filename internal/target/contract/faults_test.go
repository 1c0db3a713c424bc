package contract_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
)

// answers is a server that says the same to every call, and counts them.
func answers(t *testing.T, status int, kind, body string) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

const (
	plain  = "application/json"
	served = `{"known": true, "baseline": {"payload": {"version": "1", "reference": "r@sha256:x"}, "weight": 100, "health": "healthy"}}`
)

func TestAnswersThatAreNotBelieved(t *testing.T) {
	progress := func(observation string) string { return `{"done": true, "observation": ` + observation + `}` }
	for name, c := range map[string]struct {
		status    int
		kind      string
		body      string
		code      target.Code
		maybeDone bool
	}{
		"a page":                      {200, "text/html", "<html>sign in</html>", target.CodeProtocol, true},
		"a page that claims JSON":     {200, plain, "<html>sign in</html>", target.CodeProtocol, true},
		"no content type":             {200, "text/plain", progress(served), target.CodeProtocol, true},
		"nothing":                     {200, plain, "", target.CodeProtocol, true},
		"cut short":                   {200, plain, progress(served)[:40], target.CodeProtocol, true},
		"two values":                  {200, plain, progress(served) + "{}", target.CodeProtocol, true},
		"an unknown field":            {200, plain, `{"done": true, "extra": 1, "observation": ` + served + `}`, target.CodeProtocol, true},
		"more than is bearable":       {200, plain, `{"done": true` + strings.Repeat(" ", 2<<20) + "}", target.CodeProtocol, true},
		"weights that do not add up":  {200, plain, progress(strings.Replace(served, "100", "60", 1)), target.CodeProtocol, true},
		"an unknown health":           {200, plain, progress(strings.Replace(served, `"healthy"`, `"fine"`, 1)), target.CodeProtocol, true},
		"an arm without a reference":  {200, plain, progress(strings.Replace(served, "r@sha256:x", "", 1)), target.CodeProtocol, true},
		"a field that is no scalar":   {200, plain, progress(`{"known": true, "fields": {"a": {"b": 1}}}`), target.CodeProtocol, true},
		"a time of two years":         {200, plain, progress(`{"known": true, "revert_after_seconds": 63072000}`), target.CodeProtocol, true},
		"a success of another kind":   {202, plain, progress(served), target.CodeProtocol, true},
		"an error that is none":       {404, "text/html", "no such page", target.CodeProtocol, true},
		"a code that does not fit":    {409, plain, `{"code": "unauthorized", "message": "x"}`, target.CodeProtocol, true},
		"a code of its own":           {409, plain, `{"code": "tired", "message": "x"}`, target.CodeProtocol, true},
		"a gateway that is down":      {502, "text/html", "<html>bad gateway</html>", target.CodeUnavailable, true},
		"too many requests":           {429, "text/plain", "slow down", target.CodeUnavailable, false},
		"401 of a gateway":            {401, "text/html", "sign in", target.CodeUnauthorized, false},
		"403 of a gateway":            {403, "text/html", "no", target.CodeUnauthorized, false},
		"a conflict":                  {409, plain, `{"code": "conflict", "message": "busy", "observation": ` + served + `}`, target.CodeConflict, false},
		"a conflict that is nonsense": {409, plain, `{"code": "conflict", "message": "busy", "observation": {"known": true, "fields": {"a": []}}}`, target.CodeProtocol, true},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := answers(t, c.status, c.kind, c.body)
			_, err := open(t, contract.Config{URL: url}).Revert(t.Context(), target.WriteRequest{Key: "k", Fence: 1})
			var te *target.Error
			if !errors.As(err, &te) || te.Code != c.code || te.MaybeDone != c.maybeDone {
				t.Fatalf("got %#v; want %s, maybe done %t", err, c.code, c.maybeDone)
			}
			if te.Remedy == "" && c.code != target.CodeConflict {
				t.Errorf("%v has no remedy", te)
			}
			if c.code == target.CodeConflict && (te.Observation == nil || te.Observation.Baseline.Weight != 100) {
				t.Errorf("the conflict's observation is %+v", te.Observation)
			}
		})
	}
}

func TestAServersWordsAreMadeFitForATerminal(t *testing.T) {
	url, _ := answers(t, 422, plain, `{"code": "invalid", "message": "a\u001b[2Jb`+strings.Repeat("x", 1000)+`"}`)
	_, err := open(t, contract.Config{URL: url}).Observe(t.Context())
	if err == nil || strings.ContainsRune(err.Error(), 0x1b) || len(err.Error()) > 600 {
		t.Errorf("got %q", err)
	}
}

func TestOneRequestForEachVerb(t *testing.T) {
	url, calls := answers(t, 200, plain, `{"done": true, "observation": `+served+`}`)
	d := open(t, contract.Config{URL: url})
	if _, err := d.Revert(t.Context(), target.WriteRequest{Key: "k"}); err != nil || calls.Load() != 1 {
		t.Fatalf("%d calls, %v", calls.Load(), err)
	}
	if _, err := d.Revert(t.Context(), target.WriteRequest{}); target.CodeOf(err) != target.CodeInvalid || calls.Load() != 1 {
		t.Errorf("a change without a key: %d calls, %v", calls.Load(), err)
	}
}

func TestAReplyThatIsLostIsAskedForAgainByItsKey(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	p := l.Artifact(service.Descriptor{Version: "1.0.0"})
	d := open(t, contract.Config{URL: l.Contract})
	prepare := func(key string) (target.Progress, error) {
		return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: target.WriteRequest{Key: key, Fence: 1}, Payload: p})
	}
	l.Faults(lab.Faults{Contract: &lab.ContractFault{DropReply: true, Calls: 1}})
	if _, err := prepare("a"); err != nil {
		t.Fatalf("one lost reply: %v", err)
	}
	before := l.Status().Observation.Fingerprint
	l.Faults(lab.Faults{Contract: &lab.ContractFault{DropReply: true, Verbs: []string{"finalize"}}})
	_, err := d.Finalize(t.Context(), target.WriteRequest{Key: "b", Fence: 1})
	var te *target.Error
	if !errors.As(err, &te) || te.Code != target.CodeUnavailable || !te.MaybeDone {
		t.Fatalf("every reply lost: %#v", err)
	}
	if after := l.Status().Observation; after.Canary != nil || after.Fingerprint == before {
		t.Errorf("the change was made, and the lab shows %+v", after)
	}
}

func TestWhatCannotHaveHappenedIsNotMaybeDone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, contract.Config{URL: "http://" + address}).Revert(t.Context(), target.WriteRequest{Key: "k"})
	var te *target.Error
	if !errors.As(err, &te) || te.Code != target.CodeUnavailable || te.MaybeDone || !strings.Contains(te.Remedy, address) {
		t.Errorf("nobody listens: %#v", err)
	}
}

func TestASlowTargetIsGivenUp(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	l.Faults(lab.Faults{Contract: &lab.ContractFault{DelayMS: 60000}})
	_, err := open(t, contract.Config{URL: l.Contract, Timeout: "100ms"}).Revert(t.Context(), target.WriteRequest{Key: "k"})
	var te *target.Error
	if !errors.As(err, &te) || te.Code != target.CodeUnavailable || !te.MaybeDone || !strings.Contains(te.Remedy, "did not answer in time") {
		t.Errorf("a slow target: %#v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := open(t, contract.Config{URL: l.Contract}).Observe(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the context has ended: %v", err)
	}
}

func TestTheTokenIsSentAndNeverShown(t *testing.T) {
	const secret = "marker-0451"
	t.Setenv("CONTRACT_TEST_TOKEN", secret)
	ref := &credential.Reference{Env: "CONTRACT_TEST_TOKEN"}
	good := labtest.Start(t, lab.Config{Token: secret})
	if _, err := open(t, contract.Config{URL: good.Contract, Token: ref}).Observe(t.Context()); err != nil {
		t.Fatalf("with the token: %v", err)
	}
	other := labtest.Start(t, lab.Config{Token: "another"})
	for name, c := range map[string]struct {
		config contract.Config
		remedy string
	}{
		"wrong":   {contract.Config{URL: other.Contract, Token: ref}, "environment variable CONTRACT_TEST_TOKEN"},
		"missing": {contract.Config{URL: other.Contract}, "token = { env = "},
		"unset":   {contract.Config{URL: other.Contract, Token: &credential.Reference{Env: "CONTRACT_TEST_UNSET"}}, "CONTRACT_TEST_UNSET"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, c.config).Observe(t.Context())
			var te *target.Error
			if !errors.As(err, &te) || te.Code != target.CodeUnauthorized || !strings.Contains(te.Remedy, c.remedy) {
				t.Fatalf("got %#v", err)
			}
			if strings.Contains(te.Error()+te.Remedy, secret) {
				t.Errorf("the token is in %v, %s", te, te.Remedy)
			}
		})
	}
}
