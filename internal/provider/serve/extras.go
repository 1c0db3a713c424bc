package serve

import (
	"context"
	"iter"
	"sync"

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
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		shift := s.shifts.join()
		defer shift.running.Done()
		unhindered(shift.interrupted, stream.Events)(push)
	}}, nil
}

// StopProvider implements tfprotov6.ProviderServer. It tells everything that runs of
// the interrupt, and returns when the actions among that have ended and said how.
//
// As soon as it has returned, terraform-plugin-go 0.31 hangs up on each action without
// the event that says how it ended. Terraform 1.14 takes that for a success, with exit
// code 0, and ends the process of the provider. While it waits for the answer to this
// call it ends no provider, so that a rollback comes to its end, too, which is the
// reason why this one has no bound: a second interrupt ends it.
func (s *server) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	interrupted := s.shifts.interrupt()
	resp, err := s.Extras.StopProvider(ctx, req)
	interrupted.running.Wait()
	return resp, err
}

// shift are the actions that run between two interrupts. A provider that stands by
// itself sees many.
type shift struct {
	interrupted chan struct{}
	running     sync.WaitGroup
}

// shifts knows the one of now.
type shifts struct {
	mu  sync.Mutex
	now *shift
}

// join adds one action to those that run. It calls running.Done at its end.
func (s *shifts) join() *shift {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	s.now.running.Add(1)
	return s.now
}

// interrupt ends the shift, and gives it.
func (s *shifts) interrupt() *shift {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	ended := s.now
	s.now = nil
	close(ended.interrupted)
	return ended
}

func (s *shifts) begin() {
	if s.now == nil {
		s.now = &shift{interrupted: make(chan struct{})}
	}
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
func unhindered(interrupted <-chan struct{}, events iter.Seq[tfprotov6.InvokeActionEvent]) iter.Seq[tfprotov6.InvokeActionEvent] {
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
			// Terraform hangs up at the first message after an interrupt, and so misses
			// the end.
			if gone || progress(event) && over(interrupted) {
				continue
			}
			gone = !push(event)
		}
	}
}

// over is whether the channel is closed.
func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// progress is whether the event is a message, and not the end.
func progress(event tfprotov6.InvokeActionEvent) bool {
	_, ok := event.Type.(tfprotov6.ProgressInvokeActionEventType)
	return ok
}
