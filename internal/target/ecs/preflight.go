package ecs

import (
	"context"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Preflight implements target.Target.
func (t *Target) Preflight(ctx context.Context, _ artifact.Payload) ([]target.Obstacle, error) {
	_, err := t.look(ctx)
	return nil, err
}
