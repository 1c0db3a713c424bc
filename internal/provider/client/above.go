package client

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// aboves is what the scopes above declare of one kind, by name, as it was at an instant.
type aboves struct {
	by  map[string]scope.Path
	err error
	at  time.Time
}

// abovesKept is how long a list of what is above is good for one plan.
const abovesKept = 10 * time.Second

// Above says which scope above declares an object of the kind and name; the nearest,
// where several do. One plan of many objects lists each kind once.
func (c *Client) Above(ctx context.Context, kind, name string) (scope.Path, bool, error) {
	l, err := c.Forecasting(ctx)
	if err != nil {
		return "", false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Clock.Now()
	found, ok := c.above[kind]
	if !ok || now.Sub(found.at) >= abovesKept {
		found = aboves{at: now}
		found.by, found.err = declaredAbove(ctx, l, kind)
		if c.above == nil {
			c.above = map[string]aboves{}
		}
		c.above[kind] = found
	}
	by, ok := found.by[name]
	return by, ok, found.err
}

func declaredAbove(ctx context.Context, l ledger.Ledger, kind string) (map[string]scope.Path, error) {
	higher, err := scope.Higher(ctx, l)
	if err != nil {
		return nil, err
	}
	by := map[string]scope.Path{}
	for _, level := range higher {
		objects, err := ledger.ListObjects(ctx, level.Ledger, kind, "")
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if _, nearer := by[o.Name]; !nearer {
				by[o.Name] = level.Scope
			}
		}
	}
	return by, nil
}
