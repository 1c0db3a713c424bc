package acctest

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
)

// Protocol is a configured provider without any Terraform in front of it, for what
// the oldest Terraform of the tests cannot ask: an import by identity, say.
type Protocol struct {
	serve.Extras
	// Schemas are the provider's.
	Schemas *tfprotov6.GetProviderSchemaResponse
	t       testing.TB
}

// Speak configures a provider on a ledger, named as in the provider block.
func Speak(t testing.TB, world client.World, ledger string) *Protocol {
	t.Helper()
	p, said := Configure(t, world, ledger)
	if err := Errors(said); err != nil {
		t.Fatal(err)
	}
	return p
}

// Configure is Speak for a ledger that may be refused: it gives what the provider says of
// it, as a plan does first of all.
func Configure(t testing.TB, world client.World, ledger string) (*Protocol, []*tfprotov6.Diagnostic) {
	t.Helper()
	ctx := context.Background()
	p := &Protocol{Extras: serve.New(provider.NewIn(world)), t: t}
	var err error
	if p.Schemas, err = p.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	typ := p.Schemas.Provider.ValueType()
	config := p.Value(Object(typ, map[string]any{"ledger": ledger}))
	valid, err := p.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if Errors(valid.Diagnostics) != nil {
		return p, valid.Diagnostics
	}
	resp, err := p.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return p, append(valid.Diagnostics, resp.Diagnostics...)
}

// Object is an object of that type with those members, and nulls for all others.
func Object(typ tftypes.Type, members map[string]any) tftypes.Value {
	values := map[string]tftypes.Value{}
	if object, ok := typ.(tftypes.Object); ok {
		for name, of := range object.AttributeTypes {
			values[name] = tftypes.NewValue(of, members[name])
		}
	}
	return tftypes.NewValue(typ, values)
}

// Type is the type of a resource's state.
func (p *Protocol) Type(resource string) tftypes.Type {
	return p.Schemas.ResourceSchemas[resource].ValueType()
}

// Value writes a value for the wire.
func (p *Protocol) Value(v tftypes.Value) *tfprotov6.DynamicValue {
	p.t.Helper()
	out, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		p.t.Fatal(err)
	}
	return &out
}

// ImportByIdentity imports and reads, as Terraform 1.12 does for an import block
// with an identity. It gives the state, and the identity that came with it.
func (p *Protocol) ImportByIdentity(resource string, identity map[string]string) (state, back map[string]any, err error) {
	p.t.Helper()
	ctx := context.Background()
	schemas, err := p.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, nil, err
	}
	typ := schemas.IdentitySchemas[resource].ValueType()
	members := map[string]tftypes.Value{}
	for name, v := range identity {
		members[name] = tftypes.NewValue(tftypes.String, v)
	}
	given := &tfprotov6.ResourceIdentityData{IdentityData: p.Value(tftypes.NewValue(typ, members))}
	imported, err := p.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: resource, Identity: given})
	if err == nil {
		err = Errors(imported.Diagnostics)
	}
	if err != nil {
		return nil, nil, err
	}
	one := imported.ImportedResources[0]
	read, err := p.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: resource, CurrentState: one.State, Private: one.Private, CurrentIdentity: one.Identity,
	})
	if err == nil {
		err = Errors(read.Diagnostics)
	}
	if err != nil {
		return nil, nil, err
	}
	return p.Plain(read.NewState, p.Type(resource)), p.Plain(read.NewIdentity.IdentityData, typ), nil
}

// Plain gives the attributes of an object as plain Go values, without those that
// are null. Unknown ones are the text "(unknown)".
func (p *Protocol) Plain(v *tfprotov6.DynamicValue, typ tftypes.Type) map[string]any {
	p.t.Helper()
	value, err := v.Unmarshal(typ)
	if err != nil {
		p.t.Fatal(err)
	}
	out, _ := plain(value).(map[string]any)
	return out
}

func plain(v tftypes.Value) any {
	switch {
	case !v.IsKnown():
		return "(unknown)"
	case v.IsNull():
		return nil
	}
	var object map[string]tftypes.Value
	var list []tftypes.Value
	switch {
	case v.As(&object) == nil:
		out := map[string]any{}
		for name, member := range object {
			if value := plain(member); value != nil {
				out[name] = value
			}
		}
		return out
	case v.As(&list) == nil:
		out := make([]any, len(list))
		for i, element := range list {
			out[i] = plain(element)
		}
		return out
	}
	return primitive(v)
}

// Errors joins the errors among diagnostics; nil when there is none.
func Errors(diags []*tfprotov6.Diagnostic) error {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s (%s): %s", d.Summary, Path(d), d.Detail)
		}
	}
	return nil
}
