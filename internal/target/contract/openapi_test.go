package contract_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	verrors "github.com/pb33f/libopenapi-validator/errors"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/serve"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// document reads docs/contract/openapi.yaml.
func document(t *testing.T) (libopenapi.Document, validator.Validator) {
	t.Helper()
	body, err := os.ReadFile("../../../docs/contract/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := libopenapi.NewDocument(body)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return doc, v
}

func explain(errs []*verrors.ValidationError) string {
	var b strings.Builder
	for _, e := range errs {
		fmt.Fprintf(&b, "%s: %s\n", e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			fmt.Fprintf(&b, "  %s at %s\n", s.Reason, s.FieldPath)
		}
	}
	return b.String()
}

// witness holds every request and answer that passes to the document.
type witness struct {
	next http.Handler
	doc  validator.Validator

	mu       sync.Mutex
	problems []string
	seen     map[string]bool
}

func (w *witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	w.next.ServeHTTP(rec, r)

	w.mu.Lock()
	defer w.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := r.Method + " " + r.URL.Path
	w.seen[fmt.Sprintf("%s %d", call, rec.Code)] = true
	// What the document forbids must be refused, and by this status.
	if ok, errs := w.doc.ValidateHttpRequestSync(r); !ok && rec.Code != http.StatusUnprocessableEntity {
		w.problems = append(w.problems, fmt.Sprintf("%s %s was answered with %d, and the document forbids it: %s", call, body, rec.Code, explain(errs)))
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if ok, errs := w.doc.ValidateHttpResponse(r, rec.Result()); !ok { //nolint:bodyclose // A recorder's body needs no closing.
		w.problems = append(w.problems, fmt.Sprintf("%s: the answer %d %s breaks the document: %s", call, rec.Code, rec.Body, explain(errs)))
	}
	for name, values := range rec.Header() {
		out.Header()[name] = values
	}
	out.WriteHeader(rec.Code)
	_, _ = out.Write(rec.Body.Bytes())
}

func TestTheDocumentIsValid(t *testing.T) {
	_, v := document(t)
	if ok, errs := v.ValidateDocument(); !ok {
		t.Fatal(explain(errs))
	}
}

// The page for people names each call and each code.
func TestThePageNamesEverything(t *testing.T) {
	doc, _ := document(t)
	page, err := os.ReadFile("../../../docs/contract/README.md")
	if err != nil {
		t.Fatal(err)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			if call := "`" + strings.ToUpper(method) + " " + path + "`"; !strings.Contains(string(page), call) {
				t.Errorf("the page does not name %s", call)
			}
		}
	}
	codes, _ := model.Model.Components.Schemas.Get("Error")
	code, _ := codes.Schema().Properties.Get("code")
	if len(code.Schema().Enum) != 7 {
		t.Fatalf("the document has %d codes", len(code.Schema().Enum))
	}
	for _, c := range code.Schema().Enum {
		if !strings.Contains(string(page), "`"+c.Value+"`") {
			t.Errorf("the page does not name the code %s", c.Value)
		}
	}
}

// The document, the driver and the server say the same: whatever the suite makes
// them say to each other fits the document.
func TestDriverAndServerFitTheDocument(t *testing.T) {
	doc, v := document(t)
	a := artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0", Reference: "x/checkout@sha256:" + strings.Repeat("a", 64)}}
	b := artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0", Reference: "x/checkout@sha256:" + strings.Repeat("b", 64)}}
	w := &witness{doc: v, seen: map[string]bool{}}
	for name, can := range map[string]target.Capabilities{
		"weights only": {Weights: true, RevertAfter: true, ConditionalWrite: true},
		"everything":   {Weights: true, Cohorts: true, Mirror: true, Batches: true, RevertAfter: true, ConditionalWrite: true},
	} {
		t.Run(name, func(t *testing.T) {
			targettest.Run(t, func(t *testing.T) *targettest.Fixture {
				clk := clock.NewAuto(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
				simulated := sim.New(sim.Options{Clock: clk, Capabilities: &can, Instances: 4, Startup: time.Second, Exists: exists(a, b)})
				server := httptest.NewServer(handler(w, serve.Handler(simulated, serve.Options{})))
				t.Cleanup(server.Close)
				return &targettest.Fixture{Target: open(t, contract.Config{URL: server.URL}), A: a, B: b, Clock: clk}
			})
		})
	}
	for _, p := range w.problems {
		t.Error(p)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			if call := strings.ToUpper(method) + " " + path + " 200"; !w.seen[call] {
				missing = append(missing, call)
			}
		}
	}
	slices.Sort(missing)
	if d := cmp.Diff([]string(nil), missing); d != "" {
		t.Errorf("the suite never saw these answers of the document:\n%s", d)
	}
	for _, call := range []string{"PUT /v1/traffic 409", "PUT /v1/traffic 422", "PUT /v1/traffic 501", "POST /v1/prepare 404", "POST /v1/prepare 422"} {
		if !w.seen[call] {
			t.Errorf("the suite never saw %s", call)
		}
	}
}

// handler gives a witness of the same records before another server.
func handler(w *witness, next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.next = next
		w.mu.Unlock()
		w.ServeHTTP(out, r)
	})
}

// A server that adds a field or forgets one is caught, so that the test above
// can fail.
func TestTheWitnessCatchesWhatDoesNotFit(t *testing.T) {
	_, v := document(t)
	for name, body := range map[string]string{
		"an unknown field":   `{"known": true, "weather": "fine"}`,
		"a missing field":    `{"fingerprint": "x"}`,
		"a wrong enum":       `{"known": true, "baseline": {"payload": {"version": "1", "reference": "r"}, "weight": 100, "health": "fine"}}`,
		"a cohort by two":    `{"known": true, "canary": {"payload": {"version": "1", "reference": "r"}, "weight": 0, "health": "healthy"}, "traffic": {"weight": 0, "cohort": {"header": "X", "cookie": "y", "value": "1"}}}`,
		"a weight above 100": `{"known": true, "baseline": {"payload": {"version": "1", "reference": "r"}, "weight": 101, "health": "healthy"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := &witness{doc: v, seen: map[string]bool{}, next: http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
				out.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(out, body)
			})}
			server := httptest.NewServer(w)
			defer server.Close()
			_, err := open(t, contract.Config{URL: server.URL}).Observe(t.Context())
			if len(w.problems) == 0 {
				t.Error("the document lets it pass")
			}
			if name != "a missing field" && target.CodeOf(err) != target.CodeProtocol {
				t.Errorf("the driver believes it: %v", err)
			}
		})
	}
}
