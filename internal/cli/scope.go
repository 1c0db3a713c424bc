package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// scopeJSON is one scope in sluice ledger scope --json, the ledger's own first.
type scopeJSON struct {
	Scope string `json:"scope"`
	Own   bool   `json:"own"`
	// Ledger is the UUID, null where the ledger cannot be read; Error says why.
	Ledger *string `json:"ledger"`
	Error  string  `json:"error"`
}

func (a *app) scopeCommand() *cobra.Command {
	var reason string
	var alone bool
	cmd := a.reads(&cobra.Command{
		Use:   "scope [SCOPE]",
		Short: "Show or record which scope the ledger is that of",
		Long: `Shows the scope of the ledger and those above it, and whether they can be read.

With SCOPE it records that the ledger is that of the scope, below those that --above
gives; an apply with scope in the provider block does the same. What is recorded once
is refused otherwise: a ledger of acme/retail does not take acme/toys, and what was
above stays above. With --reason both can be changed, and the reason is recorded;
--alone says that nothing is above from now on. Whoever may write the ledger can do it.`,
		Example: `  sluice ledger scope
  sluice ledger scope acme/retail
  sluice ledger scope acme/retail --alone --reason "the unit was sold" --json`,
		Args: takes("[SCOPE]"),
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why the scope, or what is above it, changes")
	cmd.Flags().BoolVar(&alone, "alone", false, "nothing is above the scope; with --reason where something was")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if len(args) == 0 {
			if reason != "" || alone {
				return badInput("--reason and --alone are for recording a scope; give it, for example: sluice ledger scope acme/retail")
			}
			return a.reading(ctx, func(l ledger.Ledger) error { return a.showScopes(ctx, l) })
		}
		a.scopeName = args[0]
		c, err := a.scopes()
		if err != nil {
			return err
		}
		if alone && len(c.Above) > 0 {
			return badInput("--alone and --above contradict each other; give one of them")
		}
		return a.withLedger(ctx, ledgers.Options{MustExist: true}, func(l ledger.Ledger) error {
			return a.setScope(ctx, l, c, alone, reason)
		})
	})
	return cmd
}

// setScope records the scope. Only with a reason it takes away what was said before.
func (a *app) setScope(ctx context.Context, l ledger.Ledger, c scope.Config, alone bool, reason string) error {
	_, err := ledger.SetScope(ctx, l, a.actor(), a.clock.Now(), func(now ledger.Scope) (ledger.Scope, error) {
		next := ledger.Scope{Scope: string(c.Scope), Above: c.Paths(), Reason: reason}
		if !alone && len(c.Above) == 0 && next.Scope == now.Scope {
			next.Above = now.Above
		}
		if reason == "" && now.Scope != "" {
			if now.Scope != next.Scope {
				return next, badInput("%w; to change it all the same give --reason", &scope.OtherError{Want: c.Scope, Bound: scope.Path(now.Scope)})
			}
			for _, name := range now.Above {
				if !slices.Contains(next.Above, name) {
					return next, badInput("the ledger says that %s is above it, and what it forbids would no longer hold; to take it away all the same give --reason", name)
				}
			}
		}
		return next, nil
	})
	if err != nil {
		return err
	}
	v := scope.New(l, c, a.openAbove, a.clock)
	defer v.CloseAbove()
	return a.showScopes(ctx, v)
}

// showScopes lists the scopes from the ledger's own upwards.
func (a *app) showScopes(ctx context.Context, l ledger.Ledger) error {
	levels, failed := scope.Levels(ctx, l)
	if failed != nil {
		levels = []scope.Level{{Own: true, Ledger: l}}
		if bound, err := ledger.ScopeOf(ctx, l); err == nil {
			levels[0].Scope = scope.Path(bound.Scope)
		}
	}
	list := []scopeJSON{}
	for _, level := range levels {
		one := scopeJSON{Scope: string(level.Scope), Own: level.Own}
		if id, err := level.Ledger.ID(ctx); err != nil {
			one.Error = err.Error()
			failed = errors.Join(failed, err)
		} else {
			one.Ledger = &id
		}
		list = append(list, one)
	}
	if a.asJSON {
		return errors.Join(failed, a.writeJSON(list))
	}
	t := newTable("scope", "", "ledger")
	for _, s := range list {
		place, id, name := "above", "cannot be read", s.Scope
		if s.Own {
			place = "its own"
		}
		if s.Ledger != nil {
			id = *s.Ledger
		}
		if name == "" {
			name = "none"
		}
		t.AppendRow(table.Row{name, place, id})
	}
	a.say("%s", t.Render())
	if failed != nil {
		return fmt.Errorf("what is above does not all answer, so nothing can go forward here: %w", failed)
	}
	return nil
}
