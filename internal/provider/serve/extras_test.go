package serve

import (
	"fmt"
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
