// Package declared is what all declared objects have in common: an environment, a
// strategy, a policy, a window is a name and a content in the ledger. Each object's
// own package has its schema and its domain type, and nothing else.
package declared

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// Object describes one kind of declared object.
type Object struct {
	// Type is the name without the provider's: "change_window". It is the kind in
	// the ledger too.
	Type string
	// Noun is what messages call it: "change window".
	Noun string
	// Description is the page's text, in Markdown.
	Description string
	// Attributes are the object's own, without name, definition and ledger_id. Their
	// names are those of the domain type in JSON.
	Attributes func() map[string]schema.Attribute
	// Canonical reads the content into the domain type, checks it, and writes it in
	// its one canonical form. It is pure.
	Canonical func(raw json.RawMessage) (json.RawMessage, field.Errors)
	// Resolve, where an object has it, replaces what an author points at, such as a
	// file, by what is there. It sees what is written in HCL only, before Canonical,
	// when Terraform plans; an apply takes the definition that was planned.
	Resolve func(raw json.RawMessage) (json.RawMessage, field.Errors)
	// Written gives the part of a canonical content that an author writes, for an
	// imported object; nil takes all of it.
	Written func(canonical json.RawMessage) (json.RawMessage, error)
	// Shadows lets a lower scope declare an object of a name that a higher one has: one
	// that forbids nothing by being there, and that a release takes because it names it.
	Shadows bool
	// Guard says why an object must not be deleted now; nil asks nobody.
	Guard func(ctx context.Context, c *client.Client, l ledger.Ledger, name string) error
	// Left says, after a deletion, what still leans on the object, for a warning;
	// empty where nothing does. nil asks nobody.
	Left func(ctx context.Context, l ledger.Ledger, name string) (string, error)
}

// The names of the attributes that every declared object has.
const (
	nameAttr       = "name"
	definitionAttr = "definition"
	scopeAttr      = "scope"
	ledgerAttr     = "ledger_id"
)

// Schema is the schema of the resource.
func (o Object) Schema() schema.Schema {
	attrs := o.Attributes()
	attrs[nameAttr] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: fmt.Sprintf("The name of the %s, unique in the ledger: 1 to 128 characters without slashes and control characters. Another name replaces the %s.", o.Noun, o.Noun),
		Validators:          []validator.String{partial.String(definition.Name())},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attrs[definitionAttr] = definition.Computed(o.Noun)
	attrs[ledgerAttr] = LedgerID()
	return schema.Schema{MarkdownDescription: o.Description, Attributes: attrs}
}

// LedgerID is the attribute that remembers against which ledger a state was
// written.
func LedgerID() schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "The UUID of the ledger that this was written to. A missing or another ledger is an error, never \"everything was deleted\".",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// content gives what an object of Terraform says, in canonical form. ok is false,
// without an error, while something in it is not known yet.
func (o Object) content(ctx context.Context, value types.Object) (name string, content json.RawMessage, ok bool, errs field.Errors) {
	raw, known := tfconv.Known(ctx, value, definitionAttr, ledgerAttr)
	if !known {
		return "", nil, false, nil
	}
	var named struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return "", nil, false, field.Errors{{Msg: err.Error()}}
	}
	if o.Resolve != nil {
		if raw, errs = o.Resolve(raw); len(errs) > 0 {
			return named.Name, nil, true, errs
		}
	}
	if content, errs = o.Canonical(raw); len(errs) == 0 {
		errs = tooLarge(o.Noun, value, len(content))
	}
	return named.Name, content, true, errs
}

// planned gives the definition that a plan or a state holds, nil where it is not
// known: an apply writes what was planned, and does not look again.
func planned(value types.Object) json.RawMessage {
	o, ok := value.Attributes()[definitionAttr].(types.Object)
	if !ok {
		return nil
	}
	if d := definition.Read(o); d.Known() && !d.Content.IsNull() {
		return json.RawMessage(d.Content.ValueString())
	}
	return nil
}

// value gives the state of an object that the ledger holds. A prior state that
// says the same is kept as it is, so that "60s" does not become "1m".
func (o Object) value(ctx context.Context, prior types.Object, stored json.RawMessage, ledgerID string) (types.Object, error) {
	canonical, errs := o.Canonical(stored)
	if err := errs.Err(); err != nil {
		return prior, fmt.Errorf("the ledger holds %s that this version cannot take: %w", tfconv.A(o.Noun), err)
	}
	if had := planned(prior); had != nil && string(had) == string(canonical) {
		name, _ := prior.Attributes()[nameAttr].(types.String)
		return o.complete(ctx, prior, name.ValueString(), canonical, ledgerID)
	}
	name, mine, ok, errs := o.content(ctx, prior)
	if !ok || o.Resolve != nil || len(errs) > 0 || string(mine) != string(canonical) {
		own, err := o.fresh(ctx, canonical)
		if err != nil {
			return prior, err
		}
		if v, isString := own.Attributes()[nameAttr].(types.String); isString {
			name = v.ValueString()
		}
		return o.complete(ctx, own, name, canonical, ledgerID)
	}
	return o.complete(ctx, prior, name, canonical, ledgerID)
}

// fresh gives what an author would have written to get the content.
func (o Object) fresh(ctx context.Context, canonical json.RawMessage) (types.Object, error) {
	written := canonical
	if o.Written != nil {
		var err error
		if written, err = o.Written(canonical); err != nil {
			return types.Object{}, err
		}
	}
	value, err := tfconv.FromJSON(ctx, o.ownType(ctx), written)
	if err != nil {
		return types.Object{}, err
	}
	own, ok := value.(types.Object)
	if !ok {
		return types.Object{}, fmt.Errorf("unexpected value type %T", value)
	}
	return own, nil
}

// ownType is the object's type without what the provider computes.
func (o Object) ownType(ctx context.Context) types.ObjectType {
	all := o.attrTypes(ctx)
	delete(all, definitionAttr)
	delete(all, ledgerAttr)
	return types.ObjectType{AttrTypes: all}
}

func (o Object) attrTypes(_ context.Context) map[string]attr.Type {
	out := map[string]attr.Type{}
	for name, a := range o.Schema().Attributes {
		out[name] = a.GetType()
	}
	return out
}

// complete adds what the provider computes.
func (o Object) complete(ctx context.Context, own types.Object, name string, content json.RawMessage, ledgerID string) (types.Object, error) {
	values := own.Attributes()
	values[definitionAttr] = definition.Of(name, content)
	values[ledgerAttr] = types.StringValue(ledgerID)
	out, diags := types.ObjectValue(o.attrTypes(ctx), values)
	if diags.HasError() {
		return own, fmt.Errorf("%s: %s", diags[0].Summary(), diags[0].Detail())
	}
	return out, nil
}

// nameIn is the name in an object that has been read already.
func nameIn(o types.Object) types.String {
	name, _ := o.Attributes()[nameAttr].(types.String)
	return name
}

// setRaw sets an attribute at the root of a raw object. The framework's own
// SetAttribute walks through the whole schema for it, which a plan of a thousand
// objects notices.
func setRaw(ctx context.Context, raw *tftypes.Value, name string, v attr.Value) error {
	value, err := v.ToTerraformValue(ctx)
	if err != nil {
		return err
	}
	members := map[string]tftypes.Value{}
	typ, ok := raw.Type().(tftypes.Object)
	if !ok {
		return fmt.Errorf("a %s has no attributes", raw.Type())
	}
	if raw.IsNull() {
		for member, t := range typ.AttributeTypes {
			members[member] = tftypes.NewValue(t, nil)
		}
	} else if err := raw.As(&members); err != nil {
		return err
	}
	members[name] = value
	*raw = tftypes.NewValue(typ, members)
	return nil
}

// nameOf reads the name out of a plan or state.
func nameOf(ctx context.Context, source interface {
	GetAttribute(context.Context, path.Path, any) diag.Diagnostics
}) (types.String, diag.Diagnostics) {
	var name types.String
	diags := source.GetAttribute(ctx, path.Root(nameAttr), &name)
	return name, diags
}
