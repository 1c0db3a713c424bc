package awsport

import (
	"context"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Turn waits for a turn in the session's account and region, for a verb that makes many
// calls, unless whoever calls has one. The error is the port's, and busy.
func Turn(ctx context.Context, s *awscloud.Session) (leave func(), err error) {
	if target.HasTurn(ctx) {
		return func() {}, nil
	}
	leave, err = s.Turn(ctx)
	return leave, Failed(s, err, false, nil)
}
