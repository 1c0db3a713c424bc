package awsport_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
)

// elsewhere are settings of an account of its own, which nobody reaches.
func elsewhere(account string) awscloud.Settings {
	return awscloud.Settings{Region: "eu-central-1", Endpoint: "http://aws.sluice.invalid", AssumeRole: []awscloud.Role{{ARN: "arn:aws:iam::" + account + ":role/r"}}}
}

// The drivers share the turns of an account. Preflight takes one, but not of whoever has
// one already, and a revert takes none.
func TestDriversShareTheTurnsOfAnAccount(t *testing.T) {
	awstest.Credentials(t)
	for name, open := range map[string]func(awscloud.Settings) (target.Target, error){
		"lambda": func(s awscloud.Settings) (target.Target, error) {
			return lambda.New(lambda.Config{Function: "checkout", Alias: "live", Settings: s}, target.Deps{})
		},
		"alb": func(s awscloud.Settings) (target.Target, error) {
			return alb.New(alb.Config{TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS}, Settings: s}, target.Deps{})
		},
		"ecs": func(s awscloud.Settings) (target.Target, error) {
			return ecs.New(ecs.Config{Cluster: ecstest.Cluster, Service: ecstest.Name, Settings: s}, target.Deps{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := open(elsewhere("444444444444"))
			if err != nil {
				t.Fatal(err)
			}
			var last *queue.Place
			for n := 0; last == nil || last.Has(); n++ {
				last = d.(target.Sharer).Join(queue.Watch)
				defer last.Leave()
				if n > 4 {
					t.Fatal("there is no end of turns")
				}
			}
			if where := last.Where(); where != "the account 444444444444, eu-central-1" {
				t.Errorf("the turns are of %q", where)
			}
			over, cancel := context.WithCancel(t.Context())
			cancel()
			p := artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0", Reference: "registry.example/checkout@sha256:" + strings.Repeat("a", 64)}}
			if _, err := d.Preflight(over, p); !target.IsBusy(err) {
				t.Errorf("a preflight without a turn: %v", err)
			}
			if _, err := d.Preflight(target.WithTurn(over), p); target.IsBusy(err) {
				t.Errorf("a preflight with a turn: %v", err)
			}
			if _, err := d.Revert(over, target.WriteRequest{Key: "k", Fence: 1}); target.IsBusy(err) {
				t.Errorf("a revert: %v", err)
			}
			another, err := open(elsewhere("555555555555"))
			if err != nil {
				t.Fatal(err)
			}
			place := another.(target.Sharer).Join(queue.Begin)
			defer place.Leave()
			if !place.Has() {
				t.Error("another account waits for this one")
			}
		})
	}
}

// An emulator shares its limits with nobody.
func TestAnEmulatorHasNoTurns(t *testing.T) {
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", Endpoint: "http://127.0.0.1:1"}, awscloud.Who{})
	if place := s.Join(queue.Begin); place != nil {
		t.Errorf("%+v", place)
	}
}
