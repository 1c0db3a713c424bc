package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var none artifact.Payload

func emptyChecks() []Check {
	return []Check{
		{"empty/observe", "a target that fails where nothing runs cannot be released to for the first time", nil, true,
			func(ctx context.Context, e *Env) error { return e.serves(ctx, none, none, 0) }},
		{"empty/verbs", "cleaning up where nothing runs must not fail", nil, true,
			func(ctx context.Context, e *Env) error {
				if err := e.do(ctx, "revert", e.Target.Revert); err != nil {
					return err
				}
				if err := e.do(ctx, "finalize", e.Target.Finalize); err != nil {
					return err
				}
				return e.serves(ctx, none, none, 0)
			}},
		{"empty/no baseline", "half of the users would be sent nowhere", []string{"weights"}, true,
			func(ctx context.Context, e *Env) error {
				if err := e.prepare(ctx, e.A); err != nil {
					return err
				}
				if err := e.refused(ctx, "weight 50 without a baseline", target.CodeConflict, func() error { return e.apply(ctx, 50, 0) }); err != nil {
					return err
				}
				// The next check needs a target where nothing runs, too.
				return e.do(ctx, "finalize", e.Target.Finalize)
			}},
		{"empty/revert", "a first release that fails must not keep its traffic", nil, true,
			func(ctx context.Context, e *Env) error {
				if err := e.prepare(ctx, e.A); err != nil {
					return err
				}
				if err := e.apply(ctx, 100, 0); err != nil {
					return err
				}
				if err := e.do(ctx, "revert", e.Target.Revert); err != nil {
					return err
				}
				if err := e.serves(ctx, none, e.A, 0); err != nil {
					return err
				}
				if err := e.do(ctx, "finalize", e.Target.Finalize); err != nil {
					return err
				}
				return e.serves(ctx, none, none, 0)
			}},
		{"empty/first release", "a service must be able to begin", nil, true,
			func(ctx context.Context, e *Env) error {
				if err := e.release(ctx, e.A); err != nil {
					return err
				}
				return e.serves(ctx, e.A, none, 0)
			}},
	}
}

func prepareChecks() []Check {
	return []Check{
		{"capabilities/stable", "a plan would be refused or allowed by chance", nil, false,
			func(ctx context.Context, e *Env) error {
				again, err := e.Target.Capabilities(ctx)
				if err != nil {
					return err
				}
				if again != e.caps {
					return fmt.Errorf("two answers differ: %+v and %+v", e.caps, again)
				}
				return nil
			}},
		{"preflight/passes", "a rollout that could go would not begin", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.onlyA(ctx); err != nil {
					return err
				}
				obstacles, err := e.Target.Preflight(ctx, e.B)
				if err != nil {
					return err
				}
				if len(obstacles) > 0 {
					return fmt.Errorf("it has obstacles for B: %s", obstacleWords(obstacles))
				}
				return e.serves(ctx, e.A, none, 0)
			}},
		{"prepare/weight 0", "users would reach an artifact that no step has allowed", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				return e.serves(ctx, e.A, e.B, 0)
			}},
		{"prepare/repeat", "a driver that takes over would start the arm again", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				return e.unchanged(ctx, "preparing the same payload again", func() error { return e.prepare(ctx, e.B) })
			}},
		{"prepare/replace", "a rollout that was ended early would block the next", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				other := e.B
				other.ConfigurationDigest = otherConfiguration(e.B)
				if err := e.prepare(ctx, other); err != nil {
					return fmt.Errorf("the same artifact with another configuration: %w", err)
				}
				return e.serves(ctx, e.A, other, 0)
			}},
		{"prepare/with traffic", "users of the canary would be moved to an artifact that nobody judged", []string{"weights"}, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 25); err != nil {
					return err
				}
				other := e.B
				other.ConfigurationDigest = otherConfiguration(e.B)
				return e.refused(ctx, "replacing a canary at weight 25", target.CodeConflict, func() error { return e.prepare(ctx, other) })
			}},
		{"prepare/unknown artifact", "a misspelt digest would be retried for ever, or something else released", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.onlyA(ctx); err != nil {
					return err
				}
				missing := artifact.Payload{Artifact: artifact.Artifact{Version: "missing", Reference: "missing@sha256:" + strings.Repeat("0", 64)}}
				obstacles, err := e.Target.Preflight(ctx, missing)
				if err == nil && len(obstacles) == 0 {
					return errors.New("preflight passes an artifact that is not there")
				}
				return e.refused(ctx, "preparing an artifact that is not there", target.CodeNotFound, func() error { return e.prepare(ctx, missing) })
			}},
	}
}

func obstacleWords(obstacles []target.Obstacle) string {
	var words []string
	for _, o := range obstacles {
		if o.Remedy != "" {
			o.What += " (" + o.Remedy + ")"
		}
		words = append(words, o.What)
	}
	return strings.Join(words, "; ")
}

func otherConfiguration(p artifact.Payload) string {
	digit := "1"
	if strings.HasPrefix(p.ConfigurationDigest, "sha256:1") {
		digit = "2"
	}
	return "sha256:" + strings.Repeat(digit, 64)
}

// unchanged checks that a call is accepted and changes nothing.
func (e *Env) unchanged(ctx context.Context, what string, call func() error) error {
	before, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if err := call(); err != nil {
		return err
	}
	after, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if d := diff(before, after); d != "" {
		return fmt.Errorf("%s changed something:\n%s", what, d)
	}
	return nil
}
