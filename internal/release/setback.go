package release

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// clockSlack is by how much the clocks of two machines may differ unremarked.
const clockSlack = 5 * time.Second

// noticeSetBack tells people when the clock is behind the records of the rollout.
// Nothing is decided by it: what came first is told by the records' numbers, and
// only time that was observed counts as soak.
func (d *driver) noticeSetBack(r *Rollout, now time.Time) {
	if d.clockTold {
		return
	}
	if last := later(later(r.OpenedAt, r.MovedAt), later(r.TickAt, r.StepAt)); last.Sub(now) > clockSlack {
		d.warn(fmt.Sprintf("the clock of this machine is %s behind the last record of %s: it was set back, or another machine's is ahead; only time that was observed counts",
			field.FormatDuration(last.Sub(now).Round(time.Second)), d.key))
	}
}
