package serve

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Extras are the calls that terraform-plugin-go keeps in interfaces of their own
// while they are young: lists (Terraform 1.14) and actions (Terraform 1.14). A
// server that hides them behind tfprotov6.ProviderServer has neither.
type Extras interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

var _ Extras = (*server)(nil)

// ValidateListResourceConfig implements tfprotov6.ListResourceServer.
func (s *server) ValidateListResourceConfig(ctx context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	return call(ctx, s.Extras.ValidateListResourceConfig, req)
}

// ValidateActionConfig implements tfprotov6.ActionServer.
func (s *server) ValidateActionConfig(ctx context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	return call(ctx, s.Extras.ValidateActionConfig, req)
}

// PlanAction implements tfprotov6.ActionServer.
func (s *server) PlanAction(ctx context.Context, req *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	return call(ctx, s.Extras.PlanAction, req)
}

// InvokeAction implements tfprotov6.ActionServer.
func (s *server) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := s.Extras.InvokeAction(ctx, req)
	if err != nil {
		return stream, err
	}
	return &tfprotov6.InvokeActionServerStream{Events: unhindered(ctx, stream.Events)}, nil
}

// kept is how many messages wait for a client that is slow to take them.
const kept = 64

// unhindered lets an action go on whatever becomes of those who listen to it.
//
// terraform-plugin-framework 1.19 hands each message of progress over in the
// action's own call, and stops taking any once the client is gone. A Terraform that
// is interrupted, stopped or slow would so hold up an action in the middle of what
// it does, and a rollback may be delayed by nothing. Here messages that nobody takes
// are dropped, and the call stays open until the action has ended.
func unhindered(ctx context.Context, events iter.Seq[tfprotov6.InvokeActionEvent]) iter.Seq[tfprotov6.InvokeActionEvent] {
	return func(push func(tfprotov6.InvokeActionEvent) bool) {
		waiting := make(chan tfprotov6.InvokeActionEvent, kept)
		go func() {
			defer close(waiting)
			for event := range events {
				if !progress(event) {
					waiting <- event
					continue
				}
				select {
				case waiting <- event:
				default:
				}
			}
		}()
		gone := false
		for event := range waiting {
			// terraform-plugin-go hangs up at the first message after an interrupt.
			if gone || progress(event) && ctx.Err() != nil {
				continue
			}
			gone = !push(event)
		}
	}
}

// progress is whether the event is a message, and not the end.
func progress(event tfprotov6.InvokeActionEvent) bool {
	_, ok := event.Type.(tfprotov6.ProgressInvokeActionEventType)
	return ok
}
