package router

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// MirrorHeader stands on every copy of a request, so that a service can leave out
// what must not be done twice.
const MirrorHeader = "X-Lab-Mirrored"

// The bounds of a mirror: copies under way at once, the body that is copied, and
// the time of one copy. What is beyond them is not copied and is counted.
const (
	maxCopies  = 64
	maxBody    = 64 << 10
	copyWithin = 30 * time.Second
)

// mirror sends copies of requests. It never makes a user wait: a copy goes out
// when its original has been answered.
type mirror struct {
	ctx    context.Context // Ends with the router.
	cancel context.CancelFunc
	slots  chan struct{}

	mu    sync.Mutex
	under sync.WaitGroup
}

func newMirror() *mirror {
	m := &mirror{slots: make(chan struct{}, maxCopies)}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

func (m *mirror) close() {
	m.mu.Lock()
	m.cancel()
	m.mu.Unlock()
	m.under.Wait()
}

// spawn runs send unless the router has ended.
func (m *mirror) spawn(send func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() == nil {
		m.under.Go(send)
	}
}

// Close ends what the router does by itself, and the connections that no request
// uses. Copies of requests that end later are not sent.
func (r *Router) Close() {
	r.mirror.close()
	if t, ok := r.proxy.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// copied prepares the copy of a request that the baseline serves, and gives what
// sends it once the original has been answered.
func (r *Router) copied(t *Table, arm target.Arm, req *http.Request) func() {
	if t.Mirror <= 0 || t.Canary == nil || arm != target.Baseline || req.Header.Get("Upgrade") != "" || r.draw()*100 >= t.Mirror {
		return func() {}
	}
	// Without the server's values in its context, so that nothing of the original
	// can be reached from the copy.
	twin := req.Clone(r.mirror.ctx)
	twin.Header.Set(MirrorHeader, "true")
	seen := &seenBody{from: req.Body}
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = seen
	} else {
		seen.whole = true
	}
	return func() {
		body, whole := seen.content()
		if !whole {
			r.metrics.missed.Inc()
			return
		}
		twin.Body, twin.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.sendCopy(twin, t.Canary)
	}
}

// sendCopy sends a copy in the background, unless too many are under way.
func (r *Router) sendCopy(twin *http.Request, to Backend) {
	select {
	case r.mirror.slots <- struct{}{}:
	default:
		r.metrics.missed.Inc()
		return
	}
	r.mirror.spawn(func() {
		defer func() { <-r.mirror.slots }()
		ctx, cancel := context.WithTimeout(twin.Context(), copyWithin)
		defer cancel()
		r.metrics.mirrored.Inc()
		r.serve(&recorder{ResponseWriter: sink{http.Header{}}, status: http.StatusOK}, twin.WithContext(ctx), target.Canary, to)
	})
}

// sink throws an answer away.
type sink struct{ header http.Header }

// Header implements http.ResponseWriter.
func (s sink) Header() http.Header { return s.header }

// WriteHeader implements http.ResponseWriter.
func (sink) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (sink) Write(b []byte) (int, error) { return len(b), nil }

// seenBody remembers a body as it is read for the original. It may still be read
// when the answer has come, hence the lock.
type seenBody struct {
	from io.ReadCloser

	mu    sync.Mutex
	kept  bytes.Buffer
	over  bool
	whole bool
}

// Read implements io.Reader.
func (b *seenBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over = b.over || b.kept.Len()+n > maxBody; !b.over {
		b.kept.Write(p[:n])
	}
	b.whole = b.whole || errors.Is(err, io.EOF)
	return n, err //nolint:wrapcheck // A reader's own error must stay itself.
}

// Close implements io.Closer.
func (b *seenBody) Close() error {
	return b.from.Close() //nolint:wrapcheck // It is the body's own word.
}

// content gives the body, and whether that is all of it.
func (b *seenBody) content() (body []byte, whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.kept.Bytes()), b.whole && !b.over
}
