package s3

import "sync"

// maxCached bounds what a handle keeps in memory, in bytes.
const maxCached = 64 << 20

// cache keeps heads as this handle saw them last, and parts that list parts. A head
// may be behind; its ETag says so with the next request. It is safe for concurrent
// use.
type cache struct {
	mu    sync.Mutex
	heads map[string]*head
	parts map[string]part
	lease map[string]*leaseDoc
	size  int
}

func (c *cache) head(stream string) *head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heads[stream]
}

func (c *cache) keepHead(h *head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if former := c.heads[h.Stream]; former != nil {
		c.size -= former.weight()
	}
	c.room(h.weight())
	c.heads[h.Stream] = h
}

func (c *cache) forgetHead(stream string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.heads, stream)
}

func (c *cache) part(key string) (part, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.parts[key]
	return p, ok
}

func (c *cache) keepPart(key string, p part, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room(size)
	c.parts[key] = p
}

func (c *cache) leaseOf(name string) *leaseDoc {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lease[name]
}

func (c *cache) keepLease(name string, d *leaseDoc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lease[name] == nil {
		c.room(1 << 10)
	}
	c.lease[name] = d
}

// room forgets everything when size more would be too much.
func (c *cache) room(size int) {
	if c.size += size; c.size <= maxCached && c.heads != nil {
		return
	}
	c.heads, c.parts, c.lease = map[string]*head{}, map[string]part{}, map[string]*leaseDoc{}
	c.size = size
}

func (h *head) weight() int {
	n := 1<<10 + h.bytes
	for _, p := range h.Parts {
		n += len(p.IDs) + 400
	}
	return n
}
