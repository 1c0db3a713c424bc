package definition

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// Given is a definition as a configuration has it in JSON.
type Given struct {
	Name string `json:"name"`
	// Content is nil where only a name is given, which the ledger must resolve.
	Content *string `json:"content"`
}

// ByName reports whether the ledger must be asked. A definition that is not given
// asks nobody.
func (g *Given) ByName() bool { return g != nil && g.Content == nil }

// Decode reads the content, or that of the declared object of the name, into a
// domain type. Kind is that of the ledger, resource the name of the Terraform
// resource without its prefix, and path where the definition stands. What the
// author wrote wrongly comes as fields, and what went wrong with the ledger as an
// error. The ledger may be nil unless ByName.
func (g *Given) Decode(ctx context.Context, l ledger.Ledger, path, kind, resource string, into any) (field.Errors, error) {
	example := "sluice_" + resource + ".example.definition"
	var content []byte
	if g.Content != nil {
		content = []byte(*g.Content)
	} else {
		o, err := scope.Find(ctx, l, kind, g.Name)
		switch {
		case errors.Is(err, ledger.ErrNotFound), errors.Is(err, ledger.ErrInvalid):
			return field.Errors{{Path: path + ".name", Msg: fmt.Sprintf("no ledger knows the %s %q; give its definition, for example %s", resource, g.Name, example)}}, nil
		case err != nil:
			return nil, err
		}
		content = o.Content
	}
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return field.Errors{{Path: path + ".content", Msg: fmt.Sprintf("it is not the content of the %s %q; give its definition, for example %s (%v)", resource, g.Name, example, err)}}, nil
	}
	return nil, nil
}
