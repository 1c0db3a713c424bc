package target

import (
	"context"

	"github.com/sluice/terraform-provider-sluice/internal/queue"
)

// Sharer is a Target whose runtime takes only so many calls of all who use it. Whoever
// drives a rollout forward waits for a turn before it makes the calls of one verb, or, to
// begin, those of the look and of Preflight together, and makes none while it waits.
// Revert, and all else that leads back, needs no turn. It is optional, and not part of the
// deployment contract: a target without it is asked at any time.
type Sharer interface {
	// Join takes a place among those of this process who share the limit, and asks
	// nobody. It is nil where there is no limit to share. Whoever joins must leave.
	Join(line queue.Line) *queue.Place
}

type turnKey struct{}

// WithTurn marks the calls of somebody who has a turn, so that no verb waits for another.
func WithTurn(ctx context.Context) context.Context { return context.WithValue(ctx, turnKey{}, true) }

// HasTurn is whether whoever calls has a turn.
func HasTurn(ctx context.Context) bool {
	has, _ := ctx.Value(turnKey{}).(bool)
	return has
}
