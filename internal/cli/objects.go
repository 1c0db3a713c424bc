package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// objectJSON is one declared object.
type objectJSON struct {
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	Revision  uint64    `json:"revision"`
	By        string    `json:"by"`
	UpdatedAt time.Time `json:"updated_at"`
	// Resource and ImportID are what takes it into a configuration.
	Resource string `json:"resource"`
	ImportID string `json:"import_id"`
}

func (a *app) objectsCommand() *cobra.Command {
	var prefix string
	cmd := a.reads(&cobra.Command{
		Use:   "objects [KIND]",
		Short: "List the declared objects that the ledger knows",
		Long: `Lists what configurations have declared, whichever state did: environments, services,
strategies, policies, windows, dependencies and drift checks, or those of one kind
alone. Each is taken into another configuration by an import block with its name.
What people place by commands is listed by theirs: hold list, override list.`,
		Example: "  sluice objects\n  sluice objects environment --prefix prod --json",
		Args:    takes("[KIND]"),
	})
	cmd.Flags().StringVar(&prefix, "prefix", "", "only those whose names begin so")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		return a.reading(ctx, func(l ledger.Ledger) error {
			found, err := declaredObjects(ctx, l, args, prefix)
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.writeJSON(found)
			}
			a.objectsText(found)
			return nil
		})
	})
	return cmd
}

// declaredObjects lists the objects of the kind that args name, or of all.
func declaredObjects(ctx context.Context, l ledger.Ledger, args []string, prefix string) ([]objectJSON, error) {
	kinds, err := declaredKinds(ctx, l)
	if err != nil {
		return nil, err
	}
	if len(args) > 0 {
		if !slices.Contains(kinds, args[0]) && len(kinds) > 0 {
			return nil, badInput("%q is no kind of object that the ledger has; allowed is one of %s, for example: sluice objects %s", args[0], strings.Join(kinds, ", "), kinds[0])
		}
		kinds = args
	}
	found := []objectJSON{}
	for _, kind := range kinds {
		objects, err := ledger.ListObjects(ctx, l, kind, prefix)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			found = append(found, objectJSON{
				Kind: kind, Name: o.Name, Revision: o.Revision, By: o.Actor, UpdatedAt: o.UpdatedAt,
				Resource: "sluice_" + kind, ImportID: importID(kind, o.Name),
			})
		}
	}
	return found, nil
}

// importID is what an import takes. A drift check is named by its release, whose slash
// no object's name may have.
func importID(kind, name string) string {
	if kind == drift.ObjectKind {
		return strings.Replace(name, "@", "/", 1)
	}
	return name
}

// declaredKinds are the kinds of which the ledger has objects, without those that
// people place by commands.
func declaredKinds(ctx context.Context, l ledger.Ledger) ([]string, error) {
	heads, err := l.Heads(ctx, ledger.ObjectPrefix)
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, h := range heads {
		kind, _, _ := strings.Cut(strings.TrimPrefix(h.Stream, ledger.ObjectPrefix), "/")
		if kind != hold.ObjectKind && kind != override.ObjectKind && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, nil
}

func (a *app) objectsText(found []objectJSON) {
	if len(found) == 0 {
		a.say("Nothing of that is declared.")
		return
	}
	t := newTable("kind", "name", "revision", "by", "when")
	for _, o := range found {
		t.AppendRow(table.Row{words(o.Kind), inCell(a.stdout, o.Name, 40), fmt.Sprint(o.Revision), inCell(a.stdout, o.By, 24), instant(o.UpdatedAt)})
	}
	a.say("%s", t.Render())
}
