// Command sluice-verify verifies the signatures of an artifact for the provider, which
// finds it in its own folder (ADR 0049). It reads a request in JSON from its standard
// input and answers on its standard output.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sluice/terraform-provider-sluice/internal/signature/sigstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := sigstore.Main(ctx, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
