package cloudwatch

import (
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// keeps is how far back one question reaches. CloudWatch has minutes for 15 days.
const keeps = 24 * time.Hour

var _ signal.Keeper = (*source)(nil)

// KeepsFor implements signal.Keeper.
func (s *source) KeepsFor() time.Duration { return keeps }

// kept says for which blocks since the cursor CloudWatch has each minute of every
// metric in both arms, and in which the new artifact was asked for something. A minute
// without requests may leave a gap, for which nobody vouches.
func (l *look) kept() []signal.Span {
	block := int64(l.req.Block.Truncate(period).Seconds())
	if l.req.Block <= 0 {
		return nil
	}
	block = max(block, int64(period.Seconds()))
	var out []signal.Span
	for end := l.next.Through; end-block >= l.old.Through; end -= block {
		if l.covered(end-block, end) {
			out = append(out, signal.Span{Start: time.Unix(end-block, 0).UTC(), End: time.Unix(end, 0).UTC()})
		}
	}
	slices.Reverse(out)
	return out
}

func (l *look) covered(from, to int64) bool {
	used := false
	for _, a := range l.asked {
		for at := from; at < to; at += int64(period.Seconds()) {
			t, known := a.ids.at(l.data, at)
			if !known {
				return false
			}
			used = used || a.arm == target.Canary && t.All > 0
		}
	}
	return used
}
