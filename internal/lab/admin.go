package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/serve"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Status answers GET /admin/status.
type Status struct {
	Addresses   Addresses                     `json:"addresses"`
	Observation wire.Observation              `json:"observation"`
	Processes   map[target.Arm]process.Status `json:"processes"`
	// Instances are all processes of the arms; Processes is the first of each.
	Instances   map[target.Arm][]process.Status `json:"instances"`
	TrafficRate float64                         `json:"traffic_rate"`
	Marked      *Marked                         `json:"marked,omitempty"`
	Faults      Faults                          `json:"faults"`
}

// Weight is the body of PUT /admin/weight: the weight of the canary, and which
// artifact shall be it when it is not there yet, by reference or by version.
type Weight struct {
	Weight              float64 `json:"weight"`
	Version             string  `json:"version,omitempty"`
	Reference           string  `json:"reference,omitempty"`
	ConfigurationDigest string  `json:"configuration_digest,omitempty"`
}

// Rate is the body of PUT /admin/traffic, in requests a second. Without Marked
// none carries a cohort's mark.
type Rate struct {
	Rate   float64 `json:"rate"`
	Marked *Marked `json:"marked,omitempty"`
}

// Crash is the body of POST /admin/crash: which arm's instance, counted from 0,
// shall crash.
type Crash struct {
	Arm      target.Arm `json:"arm"`
	Instance int        `json:"instance,omitempty"`
}

type admin struct {
	control *controller
	data    *router.Router
	load    *traffic
	where   Addresses
	token   string
	faulty  *faulty
}

// handler serves the contract, the metrics and the admin calls.
func (a *admin) handler(m *router.Metrics) http.Handler {
	a.faulty = &faulty{clock: clock.System{}, next: serve.Handler(a.control, serve.Options{Token: a.token})}
	calls := http.NewServeMux()
	calls.HandleFunc("GET /admin/status", func(w http.ResponseWriter, r *http.Request) { answer(w, a.status, r) })
	calls.HandleFunc("GET /admin/artifacts", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func(*http.Request) (any, error) { return service.List(a.control.cfg.Artifacts) }, r)
	})
	calls.HandleFunc("PUT /admin/weight", take(a.weight))
	calls.HandleFunc("PUT /admin/traffic", take(a.rate))
	calls.HandleFunc("PUT /admin/faults", take(a.faults))
	calls.HandleFunc("DELETE /admin/faults", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func(r *http.Request) (any, error) { return struct{}{}, a.faults(r.Context(), Faults{}) }, r)
	})
	calls.HandleFunc("POST /admin/crash", take(a.crash))
	mux := http.NewServeMux()
	mux.Handle("/metrics", m.Handler())
	mux.Handle("/admin/", serve.Authorized(a.token, calls))
	mux.Handle("/", a.faulty)
	return mux
}

// answer sends what ask says, or its error in the contract's form.
func answer(w http.ResponseWriter, ask func(*http.Request) (any, error), r *http.Request) {
	v, err := ask(r)
	if err != nil {
		serve.Fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // The caller may be gone.
}

// take decodes the request's body for do, and answers {} when it went well.
func take[T any](do func(context.Context, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, func(r *http.Request) (any, error) {
			var v T
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
			if err == nil {
				err = wire.Decode(body, &v)
			}
			if err != nil {
				return nil, invalid("%v", err)
			}
			return struct{}{}, do(r.Context(), v)
		}, r)
	}
}

func invalid(format string, args ...any) error {
	return &target.Error{Code: target.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}
