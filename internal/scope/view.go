package scope

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// View is a scope's own ledger, and a look at those above it. As a ledger it is its
// own: it appends, reads and leases there and nowhere else, so whatever goes back does
// not even know that there are others. Only who asks for Levels sees what is above.
type View struct {
	ledger.Ledger
	config Config
	clock  clock.Clock
	upper  []*upper

	mu     sync.Mutex
	bound  ledger.Scope
	seenAt time.Time
}

var _ ledger.Ledger = (*View)(nil)

// boundKept is how long what the ledger says of its scope is taken for true, so that
// the gates of one question ask once.
const boundKept = 10 * time.Second

// New looks from a ledger upwards. It opens nothing: a ledger above is opened when
// something asks for it.
func New(own ledger.Ledger, config Config, open Opener, c clock.Clock) *View {
	v := &View{Ledger: own, config: config, clock: c}
	for _, a := range config.Above {
		v.upper = append(v.upper, &upper{scope: a.Scope, url: a.URL, open: open, clock: c})
	}
	return v
}

// Unwrap gives the scope's own ledger.
func (v *View) Unwrap() ledger.Ledger { return v.Ledger }

// Close closes all that are open.
func (v *View) Close() error {
	v.CloseAbove()
	return v.Ledger.Close()
}

// CloseAbove closes the ledgers above alone, for whoever closes the scope's own. What
// was only read cannot fail to close in a way that matters.
func (v *View) CloseAbove() {
	for _, u := range v.upper {
		_ = u.Close()
	}
}

// Level is one scope in the look upwards.
type Level struct {
	// Scope is empty for the asker's own where nobody named it.
	Scope Path
	// Own is true for the asker's own scope.
	Own bool
	// Ledger is read only for a level above, opened at its first use, and answers
	// within a bound.
	Ledger ledger.Ledger
}

// around is a ledger around a view, as that of the asker's own scope alone: it does not
// unwrap.
type around struct{ ledger.Ledger }

// Name is how the asker calls an object of the level.
func (l Level) Name(object string) string {
	if l.Own {
		return object
	}
	return l.Scope.Name(object)
}

// Above is the path where the level is above, and empty for the asker's own.
func (l Level) Above() Path {
	if l.Own {
		return ""
	}
	return l.Scope
}

// Levels gives the levels from the asker's own up to the organisation's. A ledger that
// is no View, and lies around none, has one. It fails when the ledger says that it
// belongs elsewhere, or that something is above it which nobody gave: what that would
// have forbidden is not known.
func Levels(ctx context.Context, l ledger.Ledger) ([]Level, error) {
	v, ok := ledger.As[*View](l)
	if !ok {
		return []Level{{Own: true, Ledger: l}}, nil
	}
	own := v.Ledger
	if l != ledger.Ledger(v) {
		// An agent's, which lies around the view: its own scope is asked through it.
		own = around{l}
	}
	bound, err := v.binding(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.config.Fits(bound); err != nil {
		return nil, err
	}
	scope := v.config.Scope
	if scope == "" {
		scope = Path(bound.Scope)
	}
	levels := []Level{{Scope: scope, Own: true, Ledger: own}}
	for _, u := range v.upper {
		levels = append(levels, Level{Scope: u.scope, Ledger: u})
	}
	return levels, nil
}

// Higher gives the levels above alone, the nearest first.
func Higher(ctx context.Context, l ledger.Ledger) ([]Level, error) {
	levels, err := Levels(ctx, l)
	if err != nil {
		return nil, err
	}
	return levels[1:], nil
}

// binding is what the ledger says of its scope.
func (v *View) binding(ctx context.Context) (ledger.Scope, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.clock.Now()
	if !v.seenAt.IsZero() && now.Sub(v.seenAt) < boundKept {
		return v.bound, nil
	}
	bound, err := ledger.ScopeOf(ctx, v.Ledger)
	if err != nil {
		return bound, fmt.Errorf("unable to read from the ledger whose it is: %w", err)
	}
	v.bound, v.seenAt = bound, now
	return bound, nil
}

// Fits says whether a configuration is right for a ledger that says this of itself.
func (c Config) Fits(bound ledger.Scope) error {
	switch {
	case c.Scope != "" && bound.Scope != "" && string(c.Scope) != bound.Scope:
		return &OtherError{Want: c.Scope, Bound: Path(bound.Scope)}
	case c.Scope == "" && bound.Scope == "" && len(c.Above) > 0:
		return fmt.Errorf("scopes above are given, and neither is the scope below them, nor does the ledger say it; give it too, for example %q", c.Above[0].Scope.Name("retail"))
	case bound.Scope == "":
		return nil
	}
	for _, a := range c.Above {
		if !Path(bound.Scope).Below(a.Scope) {
			return fmt.Errorf("the scope %s does not lie above %s, which the ledger is that of; above it are %s", a.Scope, bound.Scope, examples(Path(bound.Scope)))
		}
	}
	for _, name := range bound.Above {
		if !slices.ContainsFunc(c.Above, func(a Above) bool { return string(a.Scope) == name }) {
			return &MissingError{Scope: Path(bound.Scope), Above: Path(name)}
		}
	}
	return nil
}

// Bind records in the ledger whose it is, at the first use, and the scopes above that
// are new. It never takes one away; see Set for that. It says whether it wrote.
func Bind(ctx context.Context, l ledger.Ledger, c Config, actor string, at time.Time) (bool, error) {
	if c.Scope == "" {
		bound, err := ledger.ScopeOf(ctx, l)
		if err != nil {
			return false, err
		}
		return false, c.Fits(bound)
	}
	return ledger.SetScope(ctx, l, actor, at, func(now ledger.Scope) (ledger.Scope, error) {
		return ledger.Scope{Scope: string(c.Scope), Above: c.Paths()}, c.Fits(now)
	})
}

// OtherError says that a ledger is that of another scope.
type OtherError struct{ Want, Bound Path }

// Error implements error.
func (e *OtherError) Error() string {
	if e.Want.Organisation() != e.Bound.Organisation() {
		return fmt.Sprintf("the ledger is that of the scope %s, of another organisation, and not that of %s; each scope has a ledger of its own: name the ledger of %s, or another place for a new one", e.Bound, e.Want, e.Want)
	}
	return fmt.Sprintf("the ledger is that of the scope %s, and not that of %s; name the ledger of %s, or give the scope %s", e.Bound, e.Want, e.Want, e.Bound)
}

// MissingError says that a ledger lies below one that nobody gave.
type MissingError struct{ Scope, Above Path }

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the ledger of the scope %s says that %s is above it, and no ledger of %s is given, so nobody can tell what it forbids; give it: above = { %q = \"URL\" } in the provider block, --above %s=URL or SLUICE_ABOVE",
		e.Scope, e.Above, e.Above, e.Above, e.Above)
}
