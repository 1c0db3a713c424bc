// Package listing is what all list resources have in common: the ledger that they
// read, the limit, and how one thing that was found becomes a result.
package listing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
)

// Found is one object that the ledger knows.
type Found struct {
	// Name is how messages call it, and Display how a list shows it.
	Name, Display string
	// Identity has the members of the resource's identity.
	Identity any
	// Resource gives the state that an import would lead to. It is only called where
	// somebody asked for it.
	Resource func(context.Context) (any, error)
}

// Seq gives the objects one at a time. An error is about one object, or about the
// whole where the name of the Found is empty, and ends nothing by itself.
type Seq = iter.Seq2[Found, error]

// Find opens the ledger and gives what it knows.
type Find func(ctx context.Context, l ledger.Ledger, ledgerID string) (Seq, error)

// Stream answers a request for a list. The noun is that of one object: "release".
// A ledger that is not there is an error: a list that is empty says that it was read.
func Stream(ctx context.Context, c *client.Client, noun string, req list.ListRequest, find Find) iter.Seq[list.ListResult] {
	found, failed := open(ctx, c, noun, find)
	if failed.HasError() {
		return list.ListResultsStreamDiagnostics(failed)
	}
	return func(push func(list.ListResult) bool) {
		w := writer{req: req, noun: noun, typ: req.ResourceSchema.Type().TerraformType(ctx), idType: req.ResourceIdentitySchema.Type().TerraformType(ctx)}
		given := int64(0)
		for f, err := range found {
			if ctx.Err() != nil {
				push(list.ListResult{Diagnostics: unable(noun, ctx.Err())})
				return
			}
			if !push(w.result(ctx, f, err)) {
				return
			}
			if given++; req.Limit > 0 && given >= req.Limit {
				return
			}
		}
	}
}

func open(ctx context.Context, c *client.Client, noun string, find Find) (Seq, diag.Diagnostics) {
	var failed diag.Diagnostics
	switch {
	case c == nil:
		failed.AddError(client.Wrong, "The provider is not configured. This is always a bug in the provider; please report it to its developers.")
		return nil, failed
	case c.Unknown:
		failed.AddError("Unable to list "+plural(noun), "What happened: the provider block is not known, so no ledger can be asked.\n"+
			"What to do: give the ledger as a literal value, for example ledger = \"sqlite:.sluice/ledger.db\".")
		return nil, failed
	}
	l, err := c.Existing(ctx)
	if err != nil {
		return nil, unable(noun, err)
	}
	id, err := l.ID(ctx)
	if err != nil {
		return nil, unable(noun, err)
	}
	found, err := find(ctx, l, id)
	if err != nil {
		return nil, unable(noun, err)
	}
	return found, nil
}

func unable(noun string, err error) diag.Diagnostics {
	var failed diag.Diagnostics
	summary, detail := diags.Unable("list", plural(noun), "", err)
	if errors.Is(err, ledger.ErrMissing) {
		detail = "What happened: there is no ledger here yet, or another one was meant.\n" +
			"What to do: name the right one in the provider block or in SLUICE_LEDGER; the first apply creates one.\n" +
			"Original error: " + err.Error()
	}
	failed.AddError(strings.TrimSpace(summary), detail)
	return failed
}

func plural(noun string) string {
	if last := len(noun) - 1; noun[last] == 'y' {
		return noun[:last] + "ies"
	}
	return noun + "s"
}

// writer makes results. The types are made once: a list of ten thousand would notice.
type writer struct {
	req         list.ListRequest
	noun        string
	typ, idType tftypes.Type
}

func (w writer) result(ctx context.Context, f Found, err error) list.ListResult {
	if err == nil {
		out := list.ListResult{
			DisplayName: f.Display,
			Identity:    &tfsdk.ResourceIdentity{Raw: tftypes.NewValue(w.idType, nil), Schema: w.req.ResourceIdentitySchema},
		}
		out.Diagnostics.Append(out.Identity.Set(ctx, f.Identity)...)
		if w.req.IncludeResource && !out.Diagnostics.HasError() {
			out.Resource = &tfsdk.Resource{Raw: tftypes.NewValue(w.typ, nil), Schema: w.req.ResourceSchema}
			var state any
			if state, err = f.Resource(ctx); err == nil {
				out.Diagnostics.Append(out.Resource.Set(ctx, state)...)
			}
		}
		if err == nil {
			return out
		}
	}
	var failed diag.Diagnostics
	if f.Name == "" {
		return list.ListResult{Diagnostics: unable(w.noun, err)}
	}
	summary, detail := diags.Unable("list", w.noun, f.Name, err)
	failed.AddError(summary, detail)
	return list.ListResult{Diagnostics: failed}
}

// Known refuses a filter that is not known: a list by half of a question is no
// answer. It gives the text, empty where the filter is not set.
func Known(attribute string, v types.String) (string, diag.Diagnostics) {
	var failed diag.Diagnostics
	if v.IsUnknown() {
		failed.AddAttributeError(path.Root(attribute), "The filter "+attribute+" is not known",
			fmt.Sprintf("A list is read when it is asked for, so %s must be known by then; give a literal value or leave it out.", attribute))
	}
	return v.ValueString(), failed
}
