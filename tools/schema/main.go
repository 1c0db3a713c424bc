// Command schema prints what "terraform providers schema -json" would print of
// this provider, without a Terraform.
//
// Older versions of Terraform leave out identities, list resources and actions,
// and the documentation must not depend on which one a machine has.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	sluice "github.com/sluice/terraform-provider-sluice/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server := providerserver.NewProtocol6(sluice.New("docs")())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return fmt.Errorf("asking for the schema: %w", err)
	}
	ids, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return fmt.Errorf("asking for the identities: %w", err)
	}
	for _, d := range append(schemas.Diagnostics, ids.Diagnostics...) {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return errors.New(d.Summary + ": " + d.Detail)
		}
	}
	doc, err := convert(schemas, ids)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(doc)
}
