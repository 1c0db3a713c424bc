package pgtest

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Fault is what happens to one message of a client.
type Fault int

const (
	// Pass passes the message on, and its answer back.
	Pass Fault = iota
	// Cut passes half of the message on, and cuts the connection.
	Cut
	// Deaf passes the message on, so that it is carried out, and cuts the connection
	// instead of answering.
	Deaf
	// Slow passes the message on after SlowFor.
	Slow
)

// SlowFor is how long Slow takes.
const SlowFor = 50 * time.Millisecond

// Wire stands between clients and the server.
type Wire struct {
	// URL is where clients connect to; as the server's but for the folder of the socket.
	URL string

	server   string
	dir      string
	listener net.Listener

	mu     sync.Mutex
	n      int
	strike func(n int) Fault
	conns  map[net.Conn]bool
}

// Tap puts a wire before the database that a URL of a Server names, until the test ends.
func Tap(t testing.TB, serverURL string) *Wire {
	t.Helper()
	w, err := NewWire(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// NewWire is Tap for a wire that the caller closes.
func NewWire(serverURL string) (*Wire, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	w := &Wire{server: filepath.Join(q.Get("host"), socket), conns: map[net.Conn]bool{}}
	if w.dir, err = os.MkdirTemp("", "sluice-wire-"); err != nil {
		return nil, err
	}
	if w.listener, err = net.Listen("unix", filepath.Join(w.dir, socket)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(w.dir))
	}
	q.Set("host", w.dir)
	u.RawQuery = q.Encode()
	w.URL = u.String()
	go w.accept()
	return w, nil
}

// socket is what PostgreSQL and its clients call it.
const socket = ".s.PGSQL.5432"

// Close cuts all connections and ends the wire.
func (w *Wire) Close() error {
	err := w.listener.Close()
	w.CutAll()
	return errors.Join(err, os.RemoveAll(w.dir))
}

// Strike decides what happens to each message from now on, by its number; nil lets
// all pass. It is called by one goroutine at a time.
func (w *Wire) Strike(strike func(n int) Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strike = strike
}

// CutAll cuts the connections that there are.
func (w *Wire) CutAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		upstream, err := net.Dial("unix", w.server)
		if err != nil {
			// The server is down: who connects sees that as from the server itself.
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns[client], w.conns[upstream] = true, true
		w.mu.Unlock()
		p := &pair{wire: w, client: client, upstream: upstream}
		go p.forth()
		go p.back()
	}
}

// next is what happens to the next message.
func (w *Wire) next() Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	if w.strike == nil {
		return Pass
	}
	return w.strike(w.n)
}

func (w *Wire) forget(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

// pair is one connection of a client and the one to the server that it is led on by.
type pair struct {
	wire             *Wire
	client, upstream net.Conn

	mu   sync.Mutex
	deaf bool
}

func (p *pair) close(c net.Conn) {
	p.wire.forget(c)
	_ = c.Close()
}

// forth passes messages to the server.
func (p *pair) forth() {
	defer p.close(p.upstream)
	buf := make([]byte, 64<<10)
	for {
		n, err := p.client.Read(buf)
		if err != nil {
			return
		}
		switch p.wire.next() {
		case Cut:
			_, _ = p.upstream.Write(buf[:n/2])
			p.close(p.client)
			return
		case Deaf:
			p.mu.Lock()
			p.deaf = true
			p.mu.Unlock()
		case Slow:
			_ = (clock.System{}).Sleep(context.Background(), SlowFor) // It is bounded.
		}
		if _, err := p.upstream.Write(buf[:n]); err != nil {
			return
		}
	}
}

// back passes answers to the client, unless they are to be lost.
func (p *pair) back() {
	defer p.close(p.client)
	buf := make([]byte, 64<<10)
	for {
		n, err := p.upstream.Read(buf)
		p.mu.Lock()
		deaf := p.deaf
		p.mu.Unlock()
		if err != nil || deaf {
			return
		}
		if _, err := p.client.Write(buf[:n]); err != nil {
			return
		}
	}
}
