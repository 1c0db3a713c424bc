package declared

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// above says what the scopes above have to do with an object of the name. What
// tightens may not be declared a second time below: {name = "x"}, an override and a
// message would not tell which one is meant, and a reader would think that the lower
// one replaces the higher. What only describes may be; the nearest is taken.
func (r *Resource) above(ctx context.Context, name string, creating bool) diag.Diagnostics {
	var out diag.Diagnostics
	if r.client == nil || r.client.Unknown || len(r.client.Scopes.Above) == 0 || r.Object.Shadows && !creating {
		return out
	}
	noun := r.Object.Noun
	by, found, err := r.client.Above(ctx, r.Object.Type, name)
	switch {
	case err != nil && creating && !r.Object.Shadows:
		out.AddAttributeError(path.Root(nameAttr), fmt.Sprintf("Unable to create %s %s", noun, name),
			fmt.Sprintf("What happened: whether a scope above declares the %s %q already cannot be told: %v.\n"+
				"What to do: see that this workspace may read the ledgers above, and plan again.", noun, name, err))
	case err != nil || !found:
	case r.Object.Shadows:
		out.AddAttributeWarning(path.Root(nameAttr), fmt.Sprintf("The scope %s has %s %s too", by, tfconv.A(noun), name),
			fmt.Sprintf("{ name = %q } takes the nearest, which is this one, here and in the scopes below. To take the one of %s leave this one out.", name, by))
	case creating:
		out.AddAttributeError(path.Root(nameAttr), fmt.Sprintf("Unable to create %s %s", noun, name),
			fmt.Sprintf("What happened: the scope %s, which is above, declares the %s %q. A lower scope can add and tighten, and never loosen or replace.\n"+
				"What to do: choose another name, for example %q, and both hold; or leave it out, and take that of %s by { name = %q } or the data source sluice_%s.", by, noun, name, r.another(name), by, name, r.Object.Type))
	default:
		out.AddAttributeWarning(path.Root(nameAttr), fmt.Sprintf("The scope %s declares the %s %s too", by, noun, name),
			fmt.Sprintf("Since this one was created, %s has declared one of the same name. Both hold. Give this one another name, for example %q.", by, r.another(name)))
	}
	return out
}

// another is a name that says whose the object is.
func (r *Resource) another(name string) string {
	return string(r.client.Scopes.Scope.Base()) + "-" + name
}
