package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Former is a release from which another one goes on: under the name that it had before,
// or at the target that somebody let go of when the other one began.
type Former struct {
	*History
	// Carried is whether what it released, and its quarantine, hold for the other one too.
	Carried bool
}

const (
	// formerWithin is how long before or after a release began another one may have been let
	// go of that is taken for the same one under another name. Terraform destroys and creates
	// in any order.
	formerWithin = 24 * time.Hour
	// formerLimit bounds how many that were let go of are looked at.
	formerLimit = 100
)

// Formers lists the releases from which this one goes on, the newest first, each once. It
// reads a stream for each, and for a release that nobody renamed, but that found something
// serving when it began, those that were let go of then.
func Formers(ctx context.Context, l ledger.Ledger, h *History) ([]Former, error) {
	var all []Former
	met := map[Key]bool{h.Key: true}
	for {
		f, err := formerOf(ctx, l, h)
		if err != nil || f == nil || met[f.Key] {
			return all, err
		}
		f.Carried = f.Carried && (len(all) == 0 || all[len(all)-1].Carried)
		met[f.Key] = true
		all, h = append(all, *f), f.History
	}
}

// formerOf is the newest of Formers, nil for none.
func formerOf(ctx context.Context, l ledger.Ledger, h *History) (*Former, error) {
	if h.Renamed != nil {
		old, err := read(ctx, l, *h.Renamed)
		if err != nil || old.Seq == 0 {
			return nil, err
		}
		return &Former{History: old, Carried: true}, nil
	}
	if h.Spec == nil || len(h.Rollouts) > 0 && h.Rollouts[0].Baseline == nil {
		return nil, nil
	}
	old, err := hadTarget(ctx, l, *h.Spec, h.Key, h.Began)
	if err != nil || old == nil {
		return nil, err
	}
	return &Former{History: old}, nil
}

// hadTarget finds the release that had the target of this one before it began, and was let
// go of about then; nil for none.
func hadTarget(ctx context.Context, l ledger.Ledger, spec Spec, key Key, began time.Time) (*History, error) {
	let, err := l.Query(ctx, ledger.Filter{
		StreamPrefix: streamPrefix, Kinds: []string{KindReleased}, Limit: formerLimit,
		Since: began.Add(-formerWithin), Until: began.Add(formerWithin),
	})
	if err != nil {
		return nil, err
	}
	met := map[Key]bool{key: true}
	for _, rec := range let {
		other, err := ParseKey(strings.TrimPrefix(rec.Stream, streamPrefix))
		if err != nil || met[other] || (other.Target == "") != (key.Target == "") {
			continue
		}
		met[other] = true
		h, err := read(ctx, l, other)
		if err != nil {
			return nil, err
		}
		if h.Spec != nil && h.Began.Before(began) && sameTargets(*h.Spec, spec) {
			return h, nil
		}
	}
	return nil, nil
}

// read folds a release's stream. One without a record has the Seq 0.
func read(ctx context.Context, l ledger.Ledger, key Key) (*History, error) {
	records, err := l.Read(ctx, key.Stream(), 1)
	if err != nil {
		return nil, err
	}
	return Fold(key, records)
}

// carries reports whether an older name's history is to be carried over: once, and once
// more where this name was let go of meanwhile and the other one has gone on.
func (d *driver) carries(from Key, old *History) bool {
	switch {
	case old.Seq == 0:
		return false
	case d.h.Renamed == nil || *d.h.Renamed != from:
		return true
	default:
		return d.h.Owner == nil && old.Seq > d.h.renamedAt
	}
}

// tellFormer warns where what a person would expect to be carried over was not. fresh is
// whether the ledger knew nothing of the release when the run began. It is only a hint, so
// a ledger that does not answer now hides nothing else.
func (d *driver) tellFormer(ctx context.Context, req ShipRequest, fresh bool, out *Outcome) {
	switch from := req.PreviousName; {
	case req.Within != nil || d.h.Seq == 0:
	case from != nil && *from != d.key && d.h.Renamed == nil:
		out.Warnings = append(out.Warnings, fmt.Sprintf("nothing was carried over: the ledger knows no release %s, which previous_name names", from))
	case from == nil && fresh:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.e.callTimeout())
		defer cancel()
		if old, err := hadTarget(ctx, d.e.Ledger, req.Spec, d.key, d.h.Began); err == nil && old != nil {
			out.Warnings = append(out.Warnings, NotCarried(old, d.key))
		}
	}
}

// NotCarried says what a release that has another one's target does not know of it, and
// how it would.
func NotCarried(old *History, key Key) string {
	bad := "nothing"
	if n := len(old.Quarantine); n == 1 {
		bad = "an artifact"
	} else if n > 1 {
		bad = fmt.Sprintf("%d artifacts", n)
	}
	return fmt.Sprintf("%s had this target before %s did, and has %s in quarantine; where it is the same release under another name, previous_name = %q carries its history and quarantine over", old.Key, key, bad, old.Key)
}
