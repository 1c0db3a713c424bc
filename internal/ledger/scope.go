package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// KindScope is the kind of the records in LedgerStream that say whose ledger it is.
const KindScope = "ledger.scope"

// Scope says whose ledger it is, as the ledger itself records it. Package scope gives
// the words their meaning; here they are text. The zero value is a ledger that nobody
// gave to a scope.
type Scope struct {
	// Scope is the path: "acme/retail".
	Scope string `json:"scope"`
	// Above are the scopes whose declared objects hold here too, the nearest first.
	Above []string `json:"above,omitempty"`
	// Reason says why it was changed by hand; empty for the first one.
	Reason string `json:"reason,omitempty"`
}

// ScopeOf reads whose ledger it is: the last record that says it.
func ScopeOf(ctx context.Context, l Ledger) (Scope, error) {
	found, _, err := scopeOf(ctx, l)
	return found, err
}

func scopeOf(ctx context.Context, l Ledger) (found Scope, after uint64, err error) {
	records, err := l.Read(ctx, LedgerStream, 1)
	if err != nil {
		return found, 0, err
	}
	for _, r := range records {
		if r.Kind != KindScope {
			continue
		}
		found = Scope{}
		if err := json.Unmarshal(r.Body, &found); err != nil {
			return found, 0, fmt.Errorf("reading record %s#%d: %w", r.Stream, r.Seq, err)
		}
	}
	return found, uint64(len(records)), nil
}

// SetScope records whose ledger it is, and says whether that was news. decide is given
// what the ledger says and returns what it is to say, or why not; it is asked again
// when somebody else was quicker.
func SetScope(ctx context.Context, l Ledger, actor string, at time.Time, decide func(Scope) (Scope, error)) (bool, error) {
	for {
		now, after, err := scopeOf(ctx, l)
		if err != nil {
			return false, err
		}
		next, err := decide(now)
		if err != nil || next.Scope == now.Scope && slices.Equal(next.Above, now.Above) {
			return false, err
		}
		body, err := marshal(next)
		if err != nil {
			return false, err
		}
		id := fmt.Sprintf("scope-%d", after+1)
		_, err = l.Append(ctx, LedgerStream, after, Entry{ID: id, Kind: KindScope, At: at, Actor: actor, Body: body})
		if conflictOf(err) == nil || ctx.Err() != nil {
			return err == nil, err
		}
	}
}

// As gives the driver of a ledger, or what lies around it, as a T: an Inspector, a
// Salvager. A ledger that lies around another one says so by a method Unwrap.
func As[T any](l Ledger) (T, bool) {
	for l != nil {
		if able, ok := l.(T); ok {
			return able, true
		}
		around, ok := l.(interface{ Unwrap() Ledger })
		if !ok {
			break
		}
		l = around.Unwrap()
	}
	var none T
	return none, false
}
