package history

import (
	"math"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// never is when an open operation ends of which nothing better is known.
const never = math.MaxInt64

// traces is where the effects of calls show in a history.
type traces struct {
	// seen is when the earliest reply came that shows an effect, by effect.
	seen map[any]int64
	// named are effects that somebody built upon, without a reply that shows them.
	named map[any]bool
	// changed is when the last reply came that changed a stream or a lease or was
	// refused by it, and looked when the last whole look at it began.
	changed, looked map[any]int64
	// odd are leases that went back to an earlier form.
	odd map[string]bool
}

// written is the effect of an append, streamName and leaseName whose they are; the
// effect of a swap is the lease itself.
type (
	written    struct{ stream, id string }
	streamName string
	leaseName  string
	fenceOf    struct {
		lease string
		fence uint64
	}
)

// trace goes over a history once.
func trace(ops []Op) *traces {
	t := &traces{seen: map[any]int64{}, named: map[any]bool{}, changed: map[any]int64{}, looked: map[any]int64{}, odd: map[string]bool{}}
	for _, o := range ops {
		switch o.Call.Verb {
		case Append:
			t.append(o)
		case Read:
			t.read(o)
		case Look:
			if o.Reply != nil && o.Reply.Kind == OK {
				t.show(o.Reply.Lease, o.To)
				t.looked[leaseName(o.Call.Lease)] = max(t.looked[leaseName(o.Call.Lease)], o.From)
			}
		case Swap:
			t.swap(o)
		}
	}
	return t
}

func (t *traces) append(o Op) {
	c := o.Call
	t.named[fenceOf{c.Entry.Lease, c.Entry.Fence}] = t.named[fenceOf{c.Entry.Lease, c.Entry.Fence}] || o.Open() || o.Reply.Kind == OK
	if o.Open() {
		return
	}
	t.change(streamName(c.Stream), o.To)
	t.change(leaseName(c.Entry.Lease), o.To)
	switch o.Reply.Kind {
	case OK:
		t.show(written{c.Stream, c.Entry.ID}, o.To)
	case Reused:
		t.named[written{c.Stream, c.Entry.ID}] = true
	case Fenced:
		t.show(o.Reply.Lease, o.To)
	}
}

func (t *traces) read(o Op) {
	if o.Open() || o.Reply.Kind != OK {
		return
	}
	for _, id := range o.Reply.IDs {
		t.show(written{o.Call.Stream, id}, o.To)
	}
	if o.Call.From == 1 {
		t.looked[streamName(o.Call.Stream)] = max(t.looked[streamName(o.Call.Stream)], o.From)
	}
}

func (t *traces) swap(o Op) {
	c := o.Call
	t.named[c.Current] = true
	if c.Next.Beat < c.Current.Beat || c.Next.Beat == c.Current.Beat && c.Next.Fence <= c.Current.Fence {
		t.odd[c.Next.Name] = true
	}
	if o.Open() {
		return
	}
	t.change(leaseName(c.Next.Name), o.To)
	switch o.Reply.Kind {
	case OK:
		t.show(c.Next, o.To)
	case Moved:
		t.show(o.Reply.Lease, o.To)
	}
}

// show notes a reply that shows an effect.
func (t *traces) show(effect any, at int64) {
	if first, ok := t.seen[effect]; !ok || at < first {
		t.seen[effect] = at
	}
}

func (t *traces) change(what any, at int64) { t.changed[what] = max(t.changed[what], at) }

// whole says whether somebody looked at all of it when nothing was changed any more.
func (t *traces) whole(what any) bool {
	at, ok := t.looked[what]
	return ok && at >= t.changed[what]
}

// until is when an open operation ended at the latest, and whether it had an effect
// that anything in the history may rest upon.
//
// Each open operation can be put anywhere behind its call, so a search among many of
// them takes for ever; and most need no search. An effect that a reply shows came
// before that reply. If it was not this operation's but that of an equal one, this one
// did nothing, and did that as well at that instant. An effect that nobody saw, not even
// a whole look at the end, and nobody named, changes no answer: without it the history
// is linearizable exactly when it is with it. Leases must only grow for that, which
// ledger.Leaser's do, since a form that comes back would show another's effect.
func (t *traces) until(o Op) (at int64, matters bool) {
	var (
		effect any
		what   any
	)
	switch o.Call.Verb {
	case Append:
		effect, what = written{o.Call.Stream, o.Call.Entry.ID}, streamName(o.Call.Stream)
	case Swap:
		if t.odd[o.Call.Next.Name] {
			return never, true
		}
		effect, what = o.Call.Next, leaseName(o.Call.Next.Name)
		if _, ok := t.seen[effect]; !ok && t.named[fenceOf{o.Call.Next.Name, o.Call.Next.Fence}] {
			return never, true
		}
	default:
		return 0, false // A look whose answer nobody saw.
	}
	if first, ok := t.seen[effect]; ok {
		return max(first, o.From), true
	}
	return never, t.named[effect] || !t.whole(what)
}

// key is the same for calls that ask for the same change. The hash of the entry's record is
// that of all of its content.
func (c Call) key() any {
	if c.Verb == Swap {
		return [2]ledger.Lease{c.Current, c.Next}
	}
	type change struct {
		stream, lease, hash string
		after               uint64
	}
	return change{c.Stream, c.Entry.Lease, ledger.Seal(c.Stream, c.After, ledger.ZeroHash, *c.Entry).Hash, c.After}
}

// names returns the streams and leases that a call is about.
func (c Call) names() []any {
	switch c.Verb {
	case Append:
		if c.Entry.Lease != "" {
			return []any{streamName(c.Stream), leaseName(c.Entry.Lease)}
		}
		return []any{streamName(c.Stream)}
	case Read:
		return []any{streamName(c.Stream)}
	case Look:
		return []any{leaseName(c.Lease)}
	}
	return []any{leaseName(c.Next.Name)}
}
