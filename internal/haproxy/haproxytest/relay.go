package haproxytest

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Relay stands between a client and the stats socket, to break it and to count.
type Relay struct {
	// Socket is the address to use instead of HAProxy's.
	Socket string

	mu          sync.Mutex
	down, stuck bool
	count       int
}

// NewRelay makes a relay to the socket of level admin, until the test ends.
func (h *HAProxy) NewRelay(t testing.TB) *Relay {
	t.Helper()
	path := filepath.Join(h.dir, "relay")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Socket: "unix://" + path}
	ended := make(chan struct{})
	t.Cleanup(func() {
		close(ended)
		_ = l.Close()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.pass(conn, strings.TrimPrefix(h.Admin, "unix://"), ended)
		}
	}()
	return r
}

// Down makes the relay hang up at once, and Stuck never answer.
func (r *Relay) Down(v bool) { r.set(&r.down, v) }

// Stuck makes the relay never answer.
func (r *Relay) Stuck(v bool) { r.set(&r.stuck, v) }

func (r *Relay) set(which *bool, v bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*which = v
}

// Count is how many conversations there were.
func (r *Relay) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

func (r *Relay) pass(conn net.Conn, to string, ended <-chan struct{}) {
	r.mu.Lock()
	r.count++
	down, stuck := r.down, r.stuck
	r.mu.Unlock()
	defer func() { _ = conn.Close() }()
	switch {
	case down:
		return
	case stuck:
		<-ended
		return
	}
	far, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	go func() { _, _ = io.Copy(far, conn) }()
	_, _ = io.Copy(conn, far) // Either end may hang up.
}
