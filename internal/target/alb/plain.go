package alb

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// artifactKey and versionKey are the tags by which whoever deploys to targets says
// what runs there: "sha256:9f2c..." and "1.1.0".
const (
	artifactKey = "sluice:artifact"
	versionKey  = "sluice:version"
)

// plain is targets that somebody else deploys to: instances, addresses, functions.
// They say what runs by tags of the target group.
type plain struct{ config Config }

func (*plain) look(_ context.Context, s sight) ([2]unit, error) {
	var out [2]unit
	for i := range out {
		out[i].settled = true
		digest := s.tags[i][artifactKey]
		if digest == "" {
			continue
		}
		out[i].payload.Artifact = artifact.Artifact{Version: s.tags[i][versionKey], Reference: "@" + digest}
		if out[i].payload.Digest() == "" {
			return out, &target.Error{Code: target.CodeProtocol, Message: fmt.Sprintf("the tag %s of a target group is %.100q, which is no digest", artifactKey, digest), Remedy: exampleTag}
		}
	}
	return out, nil
}

const exampleTag = "whoever deploys to the targets writes it when they are done, for example: aws elbv2 add-tags --resource-arns ARN --tags Key=" + artifactKey + ",Value=sha256:<digest> Key=" + versionKey + ",Value=1.1.0"

func (*plain) admit(artifact.Payload) error { return nil }

// bring has nothing to do: what is to be released is there, or check refuses it.
func (*plain) bring(context.Context, scene, int, target.PrepareRequest) (bool, error) {
	return false, nil
}

func (p *plain) check(_ context.Context, sc scene, idle int, payload artifact.Payload) error {
	if sc.units[idle].payload.Digest() == payload.Digest() {
		return nil
	}
	return &target.Error{Code: target.CodeNotFound, Message: p.absent(sc, idle, payload), Remedy: exampleTag}
}

func (p *plain) absent(sc scene, idle int, payload artifact.Payload) string {
	runs := "nothing that it is tagged with"
	if d := sc.units[idle].payload; d.Digest() != "" {
		runs = strings.TrimSpace(d.Version + " " + d.Digest())
	}
	return fmt.Sprintf("the target group %s runs %s, and not %s (%s)", groupName(p.config.TargetGroups[idle]), runs, payload.Label(), payload.Digest())
}

func (*plain) hold(context.Context, scene, int) (bool, error) { return false, nil }
func (*plain) resume(context.Context, scene) (bool, error)    { return false, nil }
func (*plain) rest(context.Context, scene, int) (bool, error) { return false, nil }
func (*plain) floor(context.Context, scene) (int, error)      { return noFloor, nil }
func (*plain) left(scene) int                                 { return noFloor }

// examine finds nothing that would be changed behind the groups.
func (p *plain) examine(_ context.Context, sc scene, payload artifact.Payload) ([]target.Obstacle, []awscloud.Use, error) {
	for _, u := range sc.units {
		if u.payload.Digest() == payload.Digest() {
			return nil, nil, nil
		}
	}
	return []target.Obstacle{{What: p.absent(sc, 1-sc.base, payload), Remedy: exampleTag}}, nil, nil
}
