package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

const badScopes = "Unable to place the ledger among the scopes"

// scopes takes the scope and those above from the block, else from the environment, and
// says whether they can be used.
func (p *Provider) scopes(ctx context.Context, c *client.Client, config model, resp *provider.ConfigureResponse) bool {
	name, above, err := p.givenScopes(ctx, config)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("above"), badScopes, sentence(err.Error()))
		return false
	}
	given, errs := scope.Given(c.URL, name, above)
	for _, a := range given.Above {
		if err := ledgers.Check(a.URL); err != nil {
			errs = append(errs, field.Error{Path: fmt.Sprintf("above[%q]", a.Scope), Msg: err.Error()})
		}
	}
	for i := range errs {
		errs[i].Msg = sentence(errs[i].Msg)
	}
	resp.Diagnostics.Append(diags.Fields(path.Empty(), badScopes, errs)...)
	if given.Scope != "" {
		c.Scopes = given
	}
	return len(errs) == 0
}

// fits refuses a ledger that says that it is another scope's, or that something is above
// it which nobody gave, on the attribute. A block that gives neither is asked too: leaving
// both out would loosen. Where the ledger does not answer in time, whoever writes it asks
// again.
func fits(ctx context.Context, c *client.Client, resp *provider.ConfigureResponse) {
	bound, err := c.ScopeOf(ctx)
	if err != nil {
		return // Whoever needs the ledger says why it is not there.
	}
	switch err := c.Scopes.Fits(bound).(type) { //nolint:errorlint // Fits makes them itself.
	case nil:
	case *scope.MissingError:
		resp.Diagnostics.AddAttributeError(path.Root("above"), badScopes, sentence(err.Error()))
	default:
		resp.Diagnostics.AddAttributeError(path.Root("scope"), badScopes, sentence(err.Error()))
	}
}

// givenScopes is what the block says, and where it says nothing, the environment.
func (p *Provider) givenScopes(ctx context.Context, config model) (string, map[string]string, error) {
	name := config.Scope.ValueString()
	if config.Scope.IsNull() {
		name = p.world.Getenv("SLUICE_SCOPE")
	} else if name == "" {
		return "", nil, errors.New(`the scope is empty; leave it out, or give a path, for example "acme/retail"`)
	}
	if config.Above.IsNull() {
		above, err := scope.ParseAbove(p.world.Getenv("SLUICE_ABOVE"))
		return name, above, err
	}
	above := map[string]string{}
	if d := config.Above.ElementsAs(ctx, &above, false); d.HasError() {
		return "", nil, errors.New(d[0].Detail())
	}
	return name, above, nil
}
