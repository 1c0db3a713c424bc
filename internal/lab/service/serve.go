package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Options says what to serve, and where.
type Options struct {
	// Artifact is the path of the artifact file.
	Artifact string
	// Digest is what the file must have; not checked when empty.
	Digest string
	// Listen is the address, "127.0.0.1:0" for any free port.
	Listen string
	// ConfigurationDigest is shown and does nothing.
	ConfigurationDigest string
	// Parent is standard input. The service ends when it does, since whoever
	// started it is then gone, even by kill -9. Nil means nobody.
	Parent io.Reader
	// Ready receives one line of JSON, {"address": "127.0.0.1:41234"}, once the
	// port is open.
	Ready io.Writer
	// Clock waits; nil means the machine's.
	Clock clock.Clock
	// Crash ends the process; nil means os.Exit(3).
	Crash func()
}

// Ready is the line that a service prints.
type Ready struct {
	Address string `json:"address"`
}

// Answer is the body of a good answer.
type Answer struct {
	Service             string `json:"service"`
	Version             string `json:"version"`
	Digest              string `json:"digest"`
	ConfigurationDigest string `json:"configuration_digest,omitempty"`
}

type server struct {
	Found
	opts     Options
	clock    clock.Clock
	started  time.Time
	requests atomic.Int64

	mu  sync.Mutex
	rnd *rand.Rand
}

// Serve runs the service until ctx or its parent ends.
func Serve(ctx context.Context, opts Options) error {
	found, err := Load(opts.Artifact)
	if err != nil {
		return err
	}
	if opts.Digest != "" && opts.Digest != found.Digest {
		return fmt.Errorf("%s has the digest %s and not %s: it was changed", opts.Artifact, found.Digest, opts.Digest)
	}
	if opts.Clock == nil {
		opts.Clock = clock.System{}
	}
	if opts.Crash == nil {
		opts.Crash = func() { os.Exit(3) }
	}
	listener, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return fmt.Errorf("opening the service's port: %w", err)
	}
	s := &server{Found: found, opts: opts, clock: opts.Clock, started: opts.Clock.Now(),
		rnd: rand.New(rand.NewPCG(1, uint64(os.Getpid())))} //nolint:gosec // Chance for a pretended fault, not for a secret.
	return s.run(ctx, listener)
}

func (s *server) run(ctx context.Context, listener net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if s.opts.Parent != nil {
		go func() {
			// Whatever ends the reading, the parent is no longer there.
			_, _ = io.Copy(io.Discard, s.opts.Parent)
			stop()
		}()
	}
	web := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = web.Close() // Nobody is left to tell.
	}()
	if s.opts.Ready != nil {
		if err := json.NewEncoder(s.opts.Ready).Encode(Ready{Address: listener.Addr().String()}); err != nil {
			return fmt.Errorf("saying where the service listens: %w", err)
		}
	}
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// ServeHTTP answers /healthz, and everything else as the descriptor says.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		if s.clock.Now().Sub(s.started) < milliseconds(s.StartupMS) {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if n := s.requests.Add(1); s.CrashAfterRequests > 0 && n > s.CrashAfterRequests {
		s.opts.Crash()
		return
	}
	fail, jitter := s.draw()
	if s.clock.Sleep(r.Context(), milliseconds(s.LatencyMS+jitter*s.LatencyJitterMS)) != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if fail {
		w.WriteHeader(http.StatusInternalServerError)
	}
	// The caller may be gone; nobody is left to tell.
	_ = json.NewEncoder(w).Encode(Answer{s.Service, s.Version, s.Digest, s.opts.ConfigurationDigest})
}

func (s *server) draw() (fail bool, jitter float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rnd.Float64() < s.ErrorRate, s.rnd.Float64()
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond))
}
