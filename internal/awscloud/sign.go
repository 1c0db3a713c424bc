package awscloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Signer makes what signs requests without a body for one of AWS's services, with
// AWS's own signer and the session's credentials, which are looked up and renewed as
// for any client. It is safe for concurrent use; what goes wrong is an *Error.
func (s *Session) Signer(service string, c clock.Clock) func(*http.Request) error {
	none := sha256.Sum256(nil)
	return func(r *http.Request) error {
		cfg, err := s.Config(r.Context())
		if err != nil {
			return err
		}
		keys, err := cfg.Credentials.Retrieve(r.Context())
		if err != nil {
			if ctx := r.Context().Err(); errors.Is(ctx, context.Canceled) {
				return ctx
			}
			return s.Explain(err)
		}
		return v4.NewSigner().SignHTTP(r.Context(), keys, r, hex.EncodeToString(none[:]), service, s.settings.Region, c.Now())
	}
}
