package history

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Report says what Check looked at.
type Report struct {
	// Operations counts all of them, Open those whose outcome nobody learned, and
	// Dropped the open ones without a trace, or that repeat another open one.
	Operations, Open, Dropped int
	// Parts counts the parts of the history that have no stream and no lease in common,
	// and Longest the operations of the longest.
	Parts, Longest int
}

// ErrUndecided is of a check that was given too little time. It says nothing about the
// history.
var ErrUndecided = errors.New("the history is too long to be checked in the time given")

// NotLinearizableError says that no ledger that does one thing at a time could have given
// these answers.
type NotLinearizableError struct {
	// Op is the operation that ended first of those that fit nowhere behind the longest
	// order that was found.
	Op Op
	// Before are the last operations of that order, Ordered the number of all of them,
	// and Of that of the part's operations.
	Before      []Op
	Ordered, Of int
}

// Error implements error.
func (e *NotLinearizableError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the history is not linearizable: of %d operations at most %d can be put in an order; behind\n", e.Of, e.Ordered)
	for _, o := range e.Before {
		fmt.Fprintf(&b, "\t%s\n", o)
	}
	fmt.Fprintf(&b, "there is no place for\n\t%s", e.Op)
	return b.String()
}

// Check says whether a history is linearizable, that of every stream and lease together
// with those that its operations tie it to. It returns *NotLinearizableError where it is
// not, and ErrUndecided when a part takes longer than limit.
func Check(ops []Op, limit time.Duration) (Report, error) {
	parts, report := split(ops)
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		found error
	)
	next := make(chan []porcupine.Operation)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for part := range next {
				if err := checkPart(part, limit); err != nil {
					mu.Lock()
					found = errors.Join(found, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, part := range parts {
		next <- part
	}
	close(next)
	all.Wait()
	return report, found
}

// split parts a history by what its operations are about.
func split(ops []Op) ([][]porcupine.Operation, Report) {
	report := Report{Operations: len(ops)}
	seen, tied := trace(ops), ties{}
	for _, o := range ops {
		tied.tie(o.Call.names())
	}
	index, again := map[any]int{}, map[any]bool{}
	var parts [][]porcupine.Operation
	for _, o := range ops {
		to := o.To
		if o.Open() {
			report.Open++
			var matters bool
			if to, matters = seen.until(o); !matters || again[o.Call.key()] {
				report.Dropped++
				continue
			}
			// The same call once more, when nobody knows of the first either, can have
			// had no effect that the first, which may take as long, cannot have had.
			again[o.Call.key()] = true
		}
		root := tied.root(o.Call.names()[0])
		i, known := index[root]
		if !known {
			i = len(parts)
			index[root], parts = i, append(parts, nil)
		}
		parts[i] = append(parts[i], porcupine.Operation{Input: o.Call, Output: o.Reply, Call: o.From, Return: to, Metadata: o})
		report.Longest = max(report.Longest, len(parts[i]))
	}
	report.Parts = len(parts)
	return parts, report
}

// ties are the sets of streams and leases that belong together: each name's parent.
type ties map[any]any

func (t ties) root(name any) any {
	for {
		parent, ok := t[name]
		if !ok || parent == name {
			return name
		}
		name = parent
	}
}

func (t ties) tie(names []any) {
	for _, name := range names[1:] {
		if a, b := t.root(names[0]), t.root(name); a != b {
			t[a] = b
		}
	}
}

func checkPart(part []porcupine.Operation, limit time.Duration) error {
	switch porcupine.CheckOperationsTimeout(model(), part, limit) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("%w: %d operations in %s", ErrUndecided, len(part), limit)
	}
	// It is wrong: look again, and keep how far one comes.
	_, info := porcupine.CheckOperationsVerbose(model(), part, limit)
	return explain(part, info)
}

// shown is how many operations an explanation shows before the one without a place.
const shown = 6

func explain(part []porcupine.Operation, info porcupine.LinearizationInfo) error {
	var longest []porcupine.Operation
	for _, orders := range info.PartialLinearizationsOperations() {
		for _, order := range orders {
			if len(order) > len(longest) {
				longest = order
			}
		}
	}
	e := &NotLinearizableError{Ordered: len(longest), Of: len(part)}
	placed := map[string]bool{}
	for i, o := range longest {
		op, _ := o.Metadata.(Op)
		placed[op.String()] = true
		if i >= len(longest)-shown {
			e.Before = append(e.Before, op)
		}
	}
	first := int64(never)
	for _, o := range part {
		if op, _ := o.Metadata.(Op); !placed[op.String()] && (o.Return < first || e.Op.Call.Verb == "") {
			first, e.Op = o.Return, op
		}
	}
	return e
}
