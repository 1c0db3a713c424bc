package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func open(n int, urgent bool) found {
	return found{key: release.Key{Service: fmt.Sprintf("service-%02d", n), Environment: "production"}, seq: 1, at: epoch, urgent: urgent, sure: true}
}

// Whose turn is still to come need not wait for it once it is to go back.
func TestWhatGoesBackDoesNotWaitForItsTurn(t *testing.T) {
	t.Parallel()
	w := newWork(10)
	w.add([]found{open(0, false), open(1, false)})
	begun := w.due(epoch)
	if len(begun) != 2 {
		t.Fatalf("%d are begun", len(begun))
	}
	hurried := func(it *item) bool {
		select {
		case <-it.hurry:
			return true
		default:
			return false
		}
	}
	w.add([]found{open(0, false), open(1, true), open(1, true)})
	if hurried(begun[0]) || !hurried(begun[1]) {
		t.Errorf("hurried are %v and %v", hurried(begun[0]), hurried(begun[1]))
	}
	// The next drive has a turn of its own.
	w.done(begun[1])
	if again := w.due(epoch.Add(time.Second)); len(again) != 1 || hurried(again[0]) {
		t.Errorf("again are %v", again)
	}
}
