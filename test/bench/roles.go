package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
)

// This executable starts itself again for what must be a process of its own: a
// lab, the services of a lab, and a driver that comes back.
const (
	roleEnv      = "SLUICE_BENCH_ROLE"
	argumentEnv  = "SLUICE_BENCH_ARGUMENT"
	roleService  = "service"
	roleLab      = "lab"
	roleReenter  = "reenter"
	roleWaves    = "waves"
	roleAgent    = "agent"
	roleCrowd    = "crowd"
	anyFreePort  = "127.0.0.1:0"
	anotherRole  = "there is no role %q"
	startingRole = "starting this executable as %s: %w"
)

// playRole plays the role that the environment names, if it does.
func playRole() (bool, error) {
	ctx := context.Background()
	argument := os.Getenv(argumentEnv)
	switch role := os.Getenv(roleEnv); role {
	case "":
		return false, nil
	case roleService:
		opts, err := service.ParseFlags(os.Args[1:])
		if err != nil {
			return true, err
		}
		return true, service.Serve(ctx, opts)
	case roleLab:
		return true, playLab(ctx, argument)
	case roleReenter:
		return true, reenter(ctx, argument)
	case roleAgent:
		return true, playAgent(ctx, argument)
	case roleCrowd:
		return true, playCrowd(ctx, argument)
	case roleWaves:
		return true, driveWave(ctx, argument)
	default:
		return true, fmt.Errorf(anotherRole, role)
	}
}

// inRole is a command that starts this executable again.
func inRole(ctx context.Context, role, argument string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf(startingRole, role, err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, argumentEnv+"="+argument)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// playLab runs a lab on the artifacts of a folder until standard input ends, and
// says on standard output where it listens.
func playLab(ctx context.Context, artifacts string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf(startingRole, roleService, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		// Whatever ends the reading, nobody needs the lab any more.
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return lab.Run(ctx, lab.Config{
		Artifacts: artifacts, Listen: anyFreePort, TrafficListen: anyFreePort,
		Command: process.Command{Path: self, Env: []string{roleEnv + "=" + roleService}},
	}, func(where lab.Addresses) {
		// The parent reads this line or is gone.
		_ = json.NewEncoder(os.Stdout).Encode(where)
	})
}
