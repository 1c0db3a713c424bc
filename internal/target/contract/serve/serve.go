// Package serve offers any target.Target by the deployment contract over HTTP:
// the lab is served by it, and so can be whatever somebody writes in Go.
package serve

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Options says how to serve.
type Options struct {
	// Token is the bearer token that every request must show; none when empty.
	Token string
}

type server struct {
	target target.Target
}

// Handler answers the contract's calls from the target.
func Handler(t target.Target, opts Options) http.Handler {
	s := &server{target: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.PathCapabilities, s.read(func(ctx context.Context) (any, error) {
		return t.Capabilities(ctx)
	}))
	mux.HandleFunc("GET "+wire.PathObservation, s.read(func(ctx context.Context) (any, error) {
		o, err := t.Observe(ctx)
		return wire.FromObservation(o), err
	}))
	mux.HandleFunc("POST "+wire.PathPreflight, s.preflight)
	mux.HandleFunc("POST "+wire.PathPrepare, s.prepare)
	mux.HandleFunc("PUT "+wire.PathTraffic, s.traffic)
	mux.HandleFunc("POST "+wire.PathComplete, s.write(t.Complete))
	mux.HandleFunc("POST "+wire.PathRevert, s.write(t.Revert))
	mux.HandleFunc("POST "+wire.PathFinalize, s.write(t.Finalize))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		Fail(w, &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("the contract has no call %s %s", r.Method, r.URL.Path),
			Remedy: "the calls are in docs/contract/openapi.yaml"})
	})
	return Authorized(opts.Token, mux)
}

// Authorized lets requests pass that show the bearer token; all when it is
// empty.
func Authorized(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" {
			given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !bearer || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
				w.Header().Set("WWW-Authenticate", "Bearer")
				Fail(w, &target.Error{Code: target.CodeUnauthorized, Message: "the bearer token is missing or wrong"})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) read(ask func(context.Context) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := ask(r.Context())
		reply(w, answer, err)
	}
}

func (s *server) preflight(w http.ResponseWriter, r *http.Request) {
	var body wire.Preflight
	if !decode(w, r, &body) {
		return
	}
	obstacles, err := s.target.Preflight(r.Context(), body.Payload)
	if obstacles == nil {
		obstacles = []target.Obstacle{}
	}
	reply(w, wire.Obstacles{Obstacles: obstacles}, err)
}

func (s *server) prepare(w http.ResponseWriter, r *http.Request) {
	var body wire.Prepare
	if !decode(w, r, &body) {
		return
	}
	p, err := s.target.Prepare(r.Context(), target.PrepareRequest{WriteRequest: request(r, body.Fence), Payload: body.Payload})
	reply(w, wire.FromProgress(p), err)
}

func (s *server) traffic(w http.ResponseWriter, r *http.Request) {
	var body wire.Traffic
	if !decode(w, r, &body) {
		return
	}
	after, err := wire.Duration("revert_after_seconds", body.RevertAfterSeconds)
	if err != nil {
		Fail(w, &target.Error{Code: target.CodeInvalid, Message: err.Error()})
		return
	}
	p, err := s.target.Apply(r.Context(), target.ApplyRequest{
		WriteRequest: request(r, body.Fence), Traffic: body.Traffic,
		ExpectedFingerprint: body.ExpectedFingerprint, RevertAfter: after,
	})
	reply(w, wire.FromProgress(p), err)
}

func (s *server) write(do func(context.Context, target.WriteRequest) (target.Progress, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body wire.Write
		if !decode(w, r, &body) {
			return
		}
		p, err := do(r.Context(), request(r, body.Fence))
		reply(w, wire.FromProgress(p), err)
	}
}

func request(r *http.Request, fence uint64) target.WriteRequest {
	return target.WriteRequest{Key: r.Header.Get(wire.KeyHeader), Fence: fence}
}

// decode reads the request's body, or answers what is wrong with it.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		Fail(w, &target.Error{Code: target.CodeInvalid, Message: "the body must be application/json"})
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err == nil {
		err = wire.Decode(body, v)
	}
	if err != nil {
		Fail(w, &target.Error{Code: target.CodeInvalid, Message: err.Error(), Remedy: "compare with docs/contract/openapi.yaml"})
		return false
	}
	return true
}

func reply(w http.ResponseWriter, answer any, err error) {
	if err != nil {
		Fail(w, err)
		return
	}
	send(w, http.StatusOK, answer)
}

// Fail answers with an error in the contract's form.
func Fail(w http.ResponseWriter, err error) {
	body := wire.Error{Code: target.CodeOf(err), Message: err.Error()}
	var te *target.Error
	if errors.As(err, &te) {
		body.Message, body.Remedy = te.Message, te.Remedy
		if te.Observation != nil {
			o := wire.FromObservation(*te.Observation)
			body.Observation = &o
		}
	}
	send(w, wire.Status(body.Code), body)
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The caller may be gone; nobody is left to tell.
	_ = json.NewEncoder(w).Encode(v)
}
