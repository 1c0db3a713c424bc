// Package sigstore verifies signatures with sigstore-go. Only sluice-verify links it.
package sigstore

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
)

// maxRequest bounds what is read: bundles are some kilobytes.
const maxRequest = 64 << 20

// Main answers one request. It returns the program's exit code: 0 when there is an
// answer, whatever it says.
func Main(ctx context.Context, in io.Reader, out, complaints io.Writer) int {
	var req signature.Request
	dec := json.NewDecoder(io.LimitReader(in, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		_, _ = fmt.Fprintf(complaints, "%s reads a request in JSON, which the provider gives it: %v\n", signature.Program, err) // There is nowhere else to say it.
		return 2
	}
	answer := signature.Answer{Format: signature.Format, Error: fmt.Sprintf("the provider speaks the format %d, and %s %d; install the one that came with the provider", req.Format, signature.Program, signature.Format)}
	if req.Format == signature.Format {
		answer = Verify(ctx, req)
		answer.Format = signature.Format
	}
	if err := json.NewEncoder(out).Encode(answer); err != nil {
		return 1
	}
	return 0
}
