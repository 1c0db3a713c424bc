package machine

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// admit does what every change begins with: the dead-man switch, the key and the
// fence. It says whether the key was carried out before; the change is then not
// made again.
//
// The fence comes before the key, since a driver that has been superseded must
// learn so whatever it asks. The greatest fence is remembered even when the
// change is refused afterwards: whoever showed it drives now.
func (m *Machine) admit(now time.Time, verb string, req target.WriteRequest, what any) (replay bool, err error) {
	m.Expire(now)
	m.refresh()
	if req.Key == "" {
		return false, invalid("the change has no idempotency key")
	}
	s := &m.State
	if req.Fence < s.Fence {
		o := m.Observe(now)
		return false, &target.Error{Code: target.CodeStaleFence, Observation: &o,
			Message: fmt.Sprintf("the fence is %d and %d has been seen", req.Fence, s.Fence),
			Remedy:  "somebody else drives this target now; stop"}
	}
	s.Fence = req.Fence
	for _, d := range s.Keys {
		if d.Key == req.Key {
			if d.Asked != digest([]any{verb, what}) {
				return false, invalid(fmt.Sprintf("the idempotency key %q was used for another change", req.Key))
			}
			return true, nil
		}
	}
	return false, nil
}

func (m *Machine) remember(key, verb string, what any) {
	s := &m.State
	s.Keys = append(s.Keys, Done{Key: key, Asked: digest([]any{verb, what})})
	if over := len(s.Keys) - MaxKeys; over > 0 {
		s.Keys = append([]Done(nil), s.Keys[over:]...)
	}
}

func (m *Machine) conflict(now time.Time, message, remedy string) error {
	o := m.Observe(now)
	return &target.Error{Code: target.CodeConflict, Message: message, Remedy: remedy, Observation: &o}
}

func invalid(message string) error {
	return &target.Error{Code: target.CodeInvalid, Message: message, Remedy: "this is a mistake of the caller; compare with docs/contract/openapi.yaml"}
}
