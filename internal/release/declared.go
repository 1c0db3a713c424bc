package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// EnvironmentKind is the kind of the declared objects whose content is an Environment.
const EnvironmentKind = "environment"

// DeclaredEnvironment reads a declared environment. It is ledger.ErrNotFound when
// the ledger has none of the name.
func DeclaredEnvironment(ctx context.Context, l ledger.Ledger, name string) (Environment, error) {
	var e Environment
	found, err := ledger.GetObject(ctx, l, EnvironmentKind, name)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(found.Content, &e); err != nil {
		return e, fmt.Errorf("unable to read the declared environment %q (revision %d): %w", name, found.Revision, err)
	}
	return e, nil
}
