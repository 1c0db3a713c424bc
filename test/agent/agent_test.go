package agent_test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAKilledAgentIsTakenOverWithinOneTerm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(6 * time.Second)
	const term = 3 * time.Second
	first := w.agent("first", term.String())
	w.until("the first has moved the weight", func() bool { return w.rollout().Weight == 50 })
	second := w.agent("second", term.String())
	w.until("the second watches", func() bool { return strings.Contains(second.log.String(), "the agent runs") })
	held := w.lease()
	w.until("the first shows a sign of life while the second looks", func() bool { return w.lease().Beat > held.Beat+1 })
	held = w.lease()
	first.tell(t, syscall.SIGKILL)
	killed := time.Now()
	w.until("the second takes over", func() bool { return w.lease().Fence > held.Fence })
	// Some slack is for a machine that does other things.
	if took := time.Since(killed); took > term+time.Second {
		t.Errorf("it took %s with a term of %s", took, term)
	}
	w.wantShipped()
	if !strings.Contains(second.log.String(), "takes the rollout over") || !strings.Contains(second.log.String(), `"release":"checkout/production","rollout":1,"fence":`) {
		t.Error("the log does not say so")
	}
	second.tell(t, syscall.SIGTERM)
	if s := second.ended(t, 20*time.Second); s.ExitCode() != 0 {
		t.Errorf("it ended with %s", s)
	}
}

func TestAnAgentThatIsToldToStopHandsOverAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(4 * time.Second)
	first := w.agent("first", "1h")
	w.until("the first has moved the weight", func() bool { return w.rollout().Weight == 50 })
	second := w.agent("second", "1h")
	w.until("the second watches", func() bool { return strings.Contains(second.log.String(), "the agent runs") })
	first.tell(t, syscall.SIGTERM)
	if s := first.ended(t, 10*time.Second); s.ExitCode() != 0 {
		t.Errorf("the first ended with %s", s)
	}
	w.wantShipped()
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(time.Second)
	w.hang = make(chan struct{})
	defer close(w.hang)
	a := w.agent("a", "1h")
	w.until("a call is under way", func() bool { return w.rollout().Intent != nil })
	a.tell(t, syscall.SIGTERM)
	w.until("it stops", func() bool { return strings.Contains(a.log.String(), "hands over") })
	select {
	case <-a.done:
		t.Fatal("it did not wait for the call")
	default:
	}
	a.tell(t, syscall.SIGTERM)
	if s, ok := a.ended(t, 5*time.Second).Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", s)
	}
}

// A token that lives for seconds is written anew by whoever rotates it; the agent
// drives on without being told.
func TestARotatedCredentialIsTakenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(4 * time.Second)
	w.agent("a", "30s")
	w.until("it has moved the weight", func() bool { return w.rollout().Weight == 50 })
	w.rotate("second-s3cret")
	w.token.Store("second-s3cret")
	w.wantShipped()
	// One call may have read the file just before.
	if n := w.refused.Load(); n > 1 {
		t.Errorf("%d calls were refused", n)
	}
}
