package alb

import (
	"context"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// fleet is what stands behind the two groups, and brings a payload up there. Each
// method that writes makes one write at most, and says whether there was one: then
// it is called again until there is none. Its errors are the port's or AWS's.
type fleet interface {
	// look says what runs on both sides.
	look(ctx context.Context, s sight) ([2]unit, error)
	// admit says whether the payload can be brought up at all, without asking anybody.
	admit(p artifact.Payload) error
	// check refuses what cannot be brought up there, before anything is written.
	check(ctx context.Context, sc scene, idle int, p artifact.Payload) error
	// bring makes the payload run on the idle side, with as much capacity as serves. It
	// is called until it writes nothing and the unit is settled.
	bring(ctx context.Context, sc scene, idle int, req target.PrepareRequest) (wrote bool, err error)
	// hold keeps both sides from being scaled in, and resume lets the one that serves.
	hold(ctx context.Context, sc scene, idle int) (wrote bool, err error)
	resume(ctx context.Context, sc scene) (wrote bool, err error)
	// rest takes the idle side down to the capacity that it keeps.
	rest(ctx context.Context, sc scene, idle int) (wrote bool, err error)
	// floor is what resume has to know of the serving side as it was before hold: what
	// the memory of a rollout says already, if there is one. left is what floor has to
	// know of a rollout that has ended.
	floor(ctx context.Context, sc scene) (int, error)
	left(sc scene) int
	// examine says what would stop a rollout, and lists what it will change, for IAM's
	// simulation. Both are of one look, so that nothing is asked for twice.
	examine(ctx context.Context, sc scene, p artifact.Payload) ([]target.Obstacle, []awscloud.Use, error)
}

// unit is what runs on one side.
type unit struct {
	// payload is zero where nothing runs; without a digest where that cannot be told.
	payload artifact.Payload
	// wanted and running count tasks or instances.
	wanted, running int
	// settled is true when what was asked for is there.
	settled bool
	// broken says why it never will be.
	broken string
	// fields is what drift compares.
	fields map[string]any
	// raw is what AWS told, for the fleet itself.
	raw any
}

func (t *Target) newFleet() fleet {
	switch {
	case t.config.ECS != nil:
		return &servicePair{session: t.session, config: t.config}
	case t.config.AutoScaling != nil:
		return &groupPair{session: t.session, config: t.config}
	}
	return &plain{config: t.config}
}
