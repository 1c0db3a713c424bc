// Package history records what was asked of a ledger and what it answered, and
// checks with porcupine that the answers are those of a ledger that does one thing
// at a time: that the history is linearizable. The model that it is held against is
// the contract of ledger.Ledger, written a second time as a sequential program.
//
// A call whose outcome nobody knows stays open: it may have had its effect at any
// instant after it was made, or never. So a history may hold lost replies, time-outs
// and the last words of killed processes.
package history

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Verb is what was asked.
type Verb string

// The verbs that are recorded.
const (
	Append Verb = "append"
	Read   Verb = "read"
	Look   Verb = "lease"
	Swap   Verb = "swap_lease"
)

// Call is one question to a ledger.
type Call struct {
	Verb Verb `json:"verb"`
	// Stream and After are of Append; Stream and From of Read.
	Stream string        `json:"stream,omitempty"`
	After  uint64        `json:"after,omitempty"`
	From   uint64        `json:"from,omitempty"`
	Entry  *ledger.Entry `json:"entry,omitempty"`
	// Lease is of Look; Current and Next are of Swap.
	Lease   string       `json:"lease,omitempty"`
	Current ledger.Lease `json:"current,omitzero"`
	Next    ledger.Lease `json:"next,omitzero"`
}

// Kind is what sort of answer came.
type Kind string

// The kinds of answers. A call whose answer says nothing of what became of it has
// none: it stays open.
const (
	// OK is success.
	OK Kind = "ok"
	// Conflict and Reused are the two of ledger.ConflictError.
	Conflict Kind = "conflict"
	Reused   Kind = "reused"
	// Fenced is ledger.FencedError.
	Fenced Kind = "fenced"
	// Moved is ledger.LeaseConflictError.
	Moved Kind = "moved"
	// Refused is any other error that says that nothing was changed.
	Refused Kind = "refused"
	// Broken is an answer that cannot be right, whatever else happened: a record
	// whose hash is wrong, a chain with a gap.
	Broken Kind = "broken"
)

// Reply is an answer, as far as the model looks at it. Records were held against their
// hashes and links when they were recorded, so the last hash stands for all of them.
type Reply struct {
	Kind Kind `json:"kind"`
	// Seq and Hash are those of the record that was appended, or of the last one read.
	Seq  uint64 `json:"seq,omitempty"`
	Hash string `json:"hash,omitempty"`
	// IDs are the ids of the records read, in their order.
	IDs []string `json:"ids,omitempty"`
	// Last is where a conflict says that the stream ends.
	Last uint64 `json:"last,omitempty"`
	// Lease is what was looked at, or what an error says that the lease is.
	Lease ledger.Lease `json:"lease,omitzero"`
	// Says is the text of an error, for people.
	Says string `json:"says,omitempty"`
}

// Line is a line of a recording: a call that begins, or its reply. Lines are joined
// by Client and N.
type Line struct {
	// Client names who called: one process, or one handle.
	Client string `json:"client"`
	// N tells the calls of a client apart.
	N int64 `json:"n"`
	// At is an instant on a clock that all clients share and that never goes back.
	At    int64  `json:"at"`
	Call  *Call  `json:"call,omitempty"`
	Reply *Reply `json:"reply,omitempty"`
}

// Op is a call with its reply, if there was one.
type Op struct {
	Client string
	Call   Call
	// From and To are when the call was made and when its reply came; To means nothing
	// where Reply is nil.
	From, To int64
	Reply    *Reply
}

// Open says whether nobody knows the outcome of the call.
func (o Op) Open() bool { return o.Reply == nil }

// String says what happened, for people.
func (o Op) String() string {
	what := ""
	switch c := o.Call; c.Verb {
	case Append:
		what = fmt.Sprintf("append %s to %s behind %d", c.Entry.ID, c.Stream, c.After)
		if c.Entry.Lease != "" {
			what += fmt.Sprintf(" under fence %d of %s", c.Entry.Fence, c.Entry.Lease)
		}
	case Read:
		what = fmt.Sprintf("read %s from %d", c.Stream, c.From)
	case Look:
		what = "look at the lease " + c.Lease
	case Swap:
		what = fmt.Sprintf("swap %s for %s", lease(c.Current), lease(c.Next))
	}
	if o.Open() {
		return fmt.Sprintf("[%d, open] %s: %s", o.From, o.Client, what)
	}
	r := o.Reply
	said := string(r.Kind)
	switch {
	case r.Kind == Conflict:
		said = fmt.Sprintf("conflict, the last is %d", r.Last)
	case r.Kind == OK && o.Call.Verb == Look, r.Kind == Fenced, r.Kind == Moved:
		said += ", " + lease(r.Lease)
	case r.Kind == OK && o.Call.Verb == Append:
		said = fmt.Sprintf("number %d", r.Seq)
	case r.Kind == OK && o.Call.Verb == Read:
		said = fmt.Sprintf("%d records up to %d", len(r.IDs), r.Seq)
	case r.Says != "":
		said += ": " + r.Says
	}
	return fmt.Sprintf("[%d, %d] %s: %s: %s", o.From, o.To, o.Client, what, said)
}

func lease(l ledger.Lease) string {
	return fmt.Sprintf("(%s of %q, fence %d, beat %d)", l.Name, l.Holder, l.Fence, l.Beat)
}

// Join makes operations of the lines of one recording or of several, by the time of
// their calls. A reply without its call is an error: somebody lost a line.
func Join(lines []Line) ([]Op, error) {
	type key struct {
		client string
		n      int64
	}
	at := map[key]int{}
	var ops []Op
	for _, l := range lines {
		k := key{l.Client, l.N}
		i, known := at[k]
		switch {
		case l.Call != nil && !known:
			at[k] = len(ops)
			ops = append(ops, Op{Client: l.Client, Call: *l.Call, From: l.At})
		case l.Reply != nil && known && ops[i].Open():
			ops[i].To, ops[i].Reply = l.At, l.Reply
		default:
			return nil, fmt.Errorf("line %d of %s is the call and the reply of nothing, or comes twice", l.N, l.Client)
		}
	}
	slices.SortStableFunc(ops, func(a, b Op) int { return cmp.Compare(a.From, b.From) })
	return ops, nil
}
