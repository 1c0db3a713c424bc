package notify

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// skew is how far the clocks of two machines may be apart without anything being left
// out: a new notification is told what happened since that long before it was declared.
const skew = 5 * time.Minute

// late is how long a record may have waited in a spool. A stream whose last record is
// older than a notification by more has nothing for it.
const late = 24 * time.Hour

// life is a notification from its declaration to its deletion.
type life struct {
	Declared
	// birth is the revision that began it. It is part of the names of its cursors, so
	// that one that is declared anew begins anew.
	birth     uint64
	revisions []revision
}

// revision is what was declared when; nil where this version cannot read it.
type revision struct {
	at time.Time
	n  *Notification
}

// lifeOf reads what was declared under a notification's name since it was last deleted.
func lifeOf(ctx context.Context, l ledger.Ledger, d Declared) (life, error) {
	history, err := ledger.ObjectHistory(ctx, l, ObjectKind, d.Name)
	if err != nil {
		return life{}, err
	}
	out := life{Declared: d}
	for _, o := range history {
		switch {
		case o.Revision > d.Revision:
			continue
		case o.Deleted:
			out.birth, out.revisions = 0, nil
			continue
		case out.birth == 0:
			out.birth = o.Revision
		}
		r := revision{at: o.UpdatedAt}
		if n, err := Decode(o.Content); err == nil {
			r.n = &n
		}
		out.revisions = append(out.revisions, r)
	}
	return out, nil
}

// since is from when on the notification tells of a service in an environment: from the
// revision behind which all have covered it. begun is true when that is not the first,
// so that what an earlier cursor says is too little.
func (n life) since(service, environment string) (at time.Time, begun bool) {
	for i := len(n.revisions) - 1; i >= 0; i-- {
		r := n.revisions[i]
		if r.n != nil && !r.n.covers(service, environment) {
			return at, true
		}
		at = r.at
	}
	return at, false
}
