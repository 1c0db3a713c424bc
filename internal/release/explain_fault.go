package release

import (
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// explainFault is about whatever kept a run from beginning: no rollout was opened
// by it, so nothing was changed.
func explainFault(base string, err error, key Key) (string, string) {
	do := remedyOf(err, key)
	if do == "" {
		do = "see the message above"
	}
	return base, sections(
		"What happened", err.Error(),
		"What serves now", fmt.Sprintf("nothing was changed; what serves is shown by: sluice status %s", key),
		"What to do", do)
}

// remedyOf says what to do about a fault of the target or the ledger, or nothing
// where neither is to blame.
func remedyOf(err error, key Key) string {
	var te *target.Error
	var corrupt *ledger.CorruptError
	_, do := ledger.Words(err)
	switch {
	case errors.As(err, &te):
		return te.Remedy
	case errors.As(err, &corrupt):
		return fmt.Sprintf("%s\nto go back meanwhile: sluice rollback %s --reason \"...\"", do, key)
	default:
		return do
	}
}

// missing says which counts the signals could not give at the last look, and why:
// a counter that is no number is not the same as no requests.
func (v view) missing() string {
	if v.r.LastTick == nil {
		return ""
	}
	text := ""
	for _, name := range signalNames(v.r.Spec.Signals) {
		for _, m := range v.r.LastTick.Missing[name] {
			text += fmt.Sprintf("; the signal %q could not count %s on the %s: %s", name, m.Metric, m.Arm, m.Reason)
		}
	}
	return text
}
