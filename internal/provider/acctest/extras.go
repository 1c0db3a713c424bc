package acctest

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Listed is one result of a list, as plain Go values.
type Listed struct {
	Display            string
	Identity, Resource map[string]any
	// State is the resource as it came over the wire.
	State *tfprotov6.DynamicValue
	Err   error
}

// Ask is what a list resource is asked for, as Terraform 1.14 does for terraform query.
type Ask struct {
	Config  map[string]tftypes.Value
	Include bool
	// Limit is the most results that are wanted, 0 for all.
	Limit int64
	// Most stops taking results after so many, 0 for never.
	Most int
}

// List checks the configuration and reads the list to its end.
func (p *Protocol) List(resource string, ask Ask) ([]Listed, error) {
	p.t.Helper()
	ctx := context.Background()
	config := p.Value(Filled(p.Schemas.ListResourceSchemas[resource].ValueType(), ask.Config))
	checked, err := p.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: resource, Config: config})
	if err == nil {
		err = Errors(checked.Diagnostics)
	}
	if err != nil {
		return nil, err
	}
	stream, err := p.ListResource(ctx, &tfprotov6.ListResourceRequest{TypeName: resource, Config: config, IncludeResource: ask.Include, Limit: ask.Limit})
	if err != nil {
		return nil, err
	}
	identity := p.IdentityType(resource)
	var out []Listed
	for r := range stream.Results {
		one := Listed{Display: r.DisplayName, Err: Errors(r.Diagnostics), State: r.Resource}
		if r.Identity != nil && r.Identity.IdentityData != nil {
			one.Identity = p.Plain(r.Identity.IdentityData, identity)
		}
		if r.Resource != nil {
			one.Resource = p.Plain(r.Resource, p.Type(resource))
		}
		if out = append(out, one); ask.Most > 0 && len(out) == ask.Most {
			break
		}
	}
	return out, nil
}

// MustList is List without an error anywhere.
func (p *Protocol) MustList(t testing.TB, resource string, ask Ask) []Listed {
	t.Helper()
	out, err := p.List(resource, ask)
	for _, one := range out {
		if err == nil {
			err = one.Err
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// IdentityType is the type of a resource's identity.
func (p *Protocol) IdentityType(resource string) tftypes.Type {
	p.t.Helper()
	schemas, err := p.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	return schemas.IdentitySchemas[resource].ValueType()
}

// Text is a string on the wire.
func Text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// Filled makes an object of what is given, and null for the rest.
func Filled(typ tftypes.Type, given map[string]tftypes.Value) tftypes.Value {
	members := map[string]tftypes.Value{}
	if object, ok := typ.(tftypes.Object); ok {
		for name, t := range object.AttributeTypes {
			members[name] = tftypes.NewValue(t, nil)
		}
	}
	for name, v := range given {
		members[name] = v
	}
	return tftypes.NewValue(typ, members)
}

// Action checks and plans an action, as Terraform 1.14 does before it invokes one.
func (p *Protocol) Action(name string, config map[string]tftypes.Value) ([]*tfprotov6.Diagnostic, error) {
	p.t.Helper()
	ctx := context.Background()
	given := p.Value(Filled(p.Schemas.ActionSchemas[name].Schema.ValueType(), config))
	checked, err := p.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: given})
	if err != nil || Errors(checked.Diagnostics) != nil {
		return checked.Diagnostics, err
	}
	planned, err := p.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: name, Config: given})
	if err != nil {
		return nil, err
	}
	return append(checked.Diagnostics, planned.Diagnostics...), nil
}

// Invoked is what an action said while it ran, and at its end.
type Invoked struct {
	Lines       []string
	Diagnostics []*tfprotov6.Diagnostic
}

// Invoke runs an action to its end.
func (p *Protocol) Invoke(ctx context.Context, name string, config map[string]tftypes.Value) Invoked {
	p.t.Helper()
	var out Invoked
	given := p.Value(Filled(p.Schemas.ActionSchemas[name].Schema.ValueType(), config))
	stream, err := p.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: name, Config: given})
	if err != nil {
		p.t.Fatal(err)
	}
	ended := false
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			out.Lines = append(out.Lines, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			out.Diagnostics, ended = e.Diagnostics, true
		}
	}
	if !ended {
		p.t.Fatalf("%s came to no end: %q", name, out.Lines)
	}
	return out
}
