package notify

import (
	"context"
	"fmt"
)

// sink is where a notification's events go.
type sink interface {
	// send hands over events in their order and says how many of them, from the first
	// on, were certainly taken. With fewer than all it says why.
	send(ctx context.Context, events []Event) (int, error)
	// close lets go of connections.
	close()
}

// refusedError says that a receiver answered and did not take the event, which the
// next event need not meet.
type refusedError struct{ status int }

// Error implements error. What the receiver wrote beside its status is left out, since
// it may repeat a secret.
func (e *refusedError) Error() string {
	return fmt.Sprintf("the webhook answered with status %d; expected 200 to 299", e.status)
}

// particular reports whether the refusal may be of this event alone.
func (e *refusedError) particular() bool {
	switch e.status {
	case 401, 403, 404, 405, 408, 410, 425, 429:
		return false
	}
	return e.status >= 400 && e.status < 500
}

func (d *Deliverer) sink(n Notification, beat func(context.Context) error) sink {
	if n.File != nil {
		return &fileSink{path: n.File.Path}
	}
	return newWebhookSink(*n.Webhook, d.UserAgent, d.Clock, beat)
}
