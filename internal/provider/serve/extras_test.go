package serve

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func said(text string) tfprotov6.InvokeActionEvent {
	return tfprotov6.InvokeActionEvent{Type: tfprotov6.ProgressInvokeActionEventType{Message: text}}
}

var end = tfprotov6.InvokeActionEvent{Type: tfprotov6.CompletedInvokeActionEventType{}}

// action says n things and ends; did is closed when its work is done.
func action(n int, did chan<- struct{}) func(func(tfprotov6.InvokeActionEvent) bool) {
	return func(push func(tfprotov6.InvokeActionEvent) bool) {
		for i := range n {
			// The framework takes no more messages once push says no, and hands the next
			// one over for ever.
			if !push(said(fmt.Sprint(i))) {
				return
			}
		}
		close(did)
		push(end)
	}
}

func TestAnActionGoesOnWhenNobodyListensAnyMore(t *testing.T) {
	did := make(chan struct{})
	pushed := 0
	unhindered(nil, action(1000, did))(func(tfprotov6.InvokeActionEvent) bool {
		pushed++
		return false
	})
	select {
	case <-did:
	default:
		t.Error("the call has ended before the action's work was done")
	}
	if pushed != 1 {
		t.Errorf("%d events were pushed to one who hung up", pushed)
	}
}

func TestAnActionGoesOnWhileAListenerIsStuck(t *testing.T) {
	did := make(chan struct{})
	ended := false
	unhindered(nil, action(1000, did))(func(e tfprotov6.InvokeActionEvent) bool {
		// The listener is stuck until the work is done.
		select {
		case <-did:
		case <-t.Context().Done():
			t.Error("the action waits for who listens")
		}
		ended = ended || !progress(e)
		return true
	})
	if !ended {
		t.Error("the end was not told")
	}
}

func TestAfterAnInterruptOnlyTheEndIsTold(t *testing.T) {
	interrupted := make(chan struct{})
	close(interrupted)
	var got []tfprotov6.InvokeActionEvent
	unhindered(interrupted, action(10, make(chan struct{})))(func(e tfprotov6.InvokeActionEvent) bool {
		got = append(got, e)
		return true
	})
	if len(got) != 1 || progress(got[0]) {
		t.Errorf("%v was told, want the end alone", got)
	}
}

// acting is a provider with one action, which runs until it may end.
type acting struct {
	Extras
	stopped, mayEnd chan struct{}
}

func (a acting) InvokeAction(context.Context, *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		push(said("it goes back"))
		<-a.stopped
		push(said("it was interrupted"))
		<-a.mayEnd
		push(end)
	}}, nil
}

func (a acting) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	close(a.stopped)
	return &tfprotov6.StopProviderResponse{}, nil
}

// TestAnInterruptIsAnsweredWhenTheActionsHaveEnded: as soon as it is answered
// terraform-plugin-go hangs up, and Terraform would take the action for done.
func TestAnInterruptIsAnsweredWhenTheActionsHaveEnded(t *testing.T) {
	a := acting{stopped: make(chan struct{}), mayEnd: make(chan struct{})}
	s := &server{Extras: a}
	stream, err := s.InvokeAction(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	begun, told := make(chan struct{}), make(chan []tfprotov6.InvokeActionEvent, 1)
	go func() {
		var got []tfprotov6.InvokeActionEvent
		for e := range stream.Events {
			if got = append(got, e); len(got) == 1 {
				close(begun)
			}
		}
		told <- got
	}()
	<-begun
	answered := make(chan struct{})
	go func() {
		if _, err := s.StopProvider(t.Context(), nil); err != nil {
			t.Error(err)
		}
		close(answered)
	}()
	<-a.stopped
	for range 1000 {
		runtime.Gosched() // Whoever could answer has every chance to.
	}
	if over(answered) {
		t.Error("the interrupt is answered while the action runs")
	}
	close(a.mayEnd)
	<-answered
	if got := <-told; len(got) != 2 || progress(got[1]) {
		t.Errorf("%v was told, want what was said before the interrupt, and the end", got)
	}
}

// TestAnInterruptIsOverForTheNextAction: a provider that stands by itself is asked again.
func TestAnInterruptIsOverForTheNextAction(t *testing.T) {
	var all shifts
	before := all.join()
	before.running.Done()
	if ended := all.interrupt(); ended != before || !over(before.interrupted) {
		t.Error("what runs is not told of the interrupt")
	}
	if after := all.join(); after == before || over(after.interrupted) {
		t.Error("what begins afterwards is told of the interrupt")
	}
	all.interrupt()
	if next := all.interrupt(); !over(next.interrupted) {
		t.Error("an interrupt of nothing is none")
	}
}
