//go:build unix

package exec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
	"github.com/sluice/terraform-provider-sluice/internal/target/exec"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// stateFile names the file of a program that keeps its state in one.
const stateFile = "SLUICE_TEST_STATE"

// TestMain is the program itself when it is started as one: this executable is a
// deployer that keeps its books in a file.
func TestMain(m *testing.M) {
	path := os.Getenv(stateFile)
	if path == "" {
		os.Exit(m.Run())
	}
	if err := deploy(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// deploy answers one request, with the file locked so that check and change are
// one.
func deploy(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	m := machine.Machine{Can: can, Instances: 4}
	if err := json.NewDecoder(f).Decode(&m.State); err != nil && err.Error() != "EOF" {
		return err
	}
	var req struct {
		Contract int             `json:"contract"`
		Verb     string          `json:"verb"`
		Key      string          `json:"key"`
		Body     json.RawMessage `json:"body"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		return err
	}
	if req.Key != "" {
		if err := noteWrite(path + ".writes"); err != nil {
			return err
		}
	}
	answer, err := carryOut(&m, req.Verb, req.Key, req.Body)
	if content, err := json.Marshal(m.State); err != nil {
		return err
	} else if err := f.Truncate(0); err != nil {
		return err
	} else if _, err := f.WriteAt(content, 0); err != nil {
		return err
	}
	reply := map[string]any{"answer": answer}
	var te *target.Error
	if errors.As(err, &te) {
		said := wire.Error{Code: te.Code, Message: te.Message, Remedy: te.Remedy}
		if te.Observation != nil {
			o := wire.FromObservation(*te.Observation)
			said.Observation = &o
		}
		reply = map[string]any{"error": said}
	} else if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(reply)
}

// noteWrite counts a run that was asked for a change, by a byte in a file.
func noteWrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(".")
	return errors.Join(err, f.Close())
}

func carryOut(m *machine.Machine, verb, key string, body json.RawMessage) (any, error) {
	now := clock.System{}.Now()
	var b struct {
		wire.Traffic
		Payload artifact.Payload `json:"payload"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &b); err != nil {
			return nil, err
		}
	}
	write := target.WriteRequest{Key: key, Fence: b.Fence}
	var p target.Progress
	var err error
	switch verb {
	case exec.VerbCapabilities:
		return can, nil
	case exec.VerbObservation:
		return wire.FromObservation(m.Observe(now)), nil
	case exec.VerbPreflight:
		obstacles := []target.Obstacle{}
		if !known[b.Payload.Digest()] {
			obstacles = append(obstacles, target.Obstacle{What: "there is no artifact " + b.Payload.Reference})
		}
		return wire.Obstacles{Obstacles: obstacles}, nil
	case exec.VerbPrepare:
		if errs := b.Payload.Validate(); len(errs) > 0 {
			return nil, &target.Error{Code: target.CodeInvalid, Message: errs.Error()}
		}
		if !known[b.Payload.Digest()] {
			return nil, &target.Error{Code: target.CodeNotFound, Message: "there is no artifact " + b.Payload.Reference}
		}
		p, err = m.Prepare(now, target.PrepareRequest{WriteRequest: write, Payload: b.Payload})
	case exec.VerbTraffic:
		after, derr := wire.Duration("revert_after_seconds", b.RevertAfterSeconds)
		if derr != nil {
			return nil, &target.Error{Code: target.CodeInvalid, Message: derr.Error()}
		}
		p, err = m.Apply(now, target.ApplyRequest{WriteRequest: write, Traffic: b.Traffic.Traffic, ExpectedFingerprint: b.ExpectedFingerprint, RevertAfter: after})
	case exec.VerbComplete:
		p, err = m.Complete(now, write)
	case exec.VerbRevert:
		p, err = m.Revert(now, write)
	case exec.VerbFinalize:
		p, err = m.Finalize(now, write)
	default:
		return nil, fmt.Errorf("no such verb: %s", verb)
	}
	return wire.FromProgress(p), err
}

// can is what the program can do.
var can = target.Capabilities{Weights: true, Cohorts: true, Mirror: true, Batches: true, RevertAfter: true, ConditionalWrite: true}

// known are the artifacts that the program has.
var known = map[string]bool{payload("a").Digest(): true, payload("b").Digest(): true}

func payload(hex string) artifact.Payload {
	reference := "registry.example/checkout@sha256:"
	for range 64 {
		reference += hex
	}
	return artifact.Payload{Artifact: artifact.Artifact{Version: "1." + hex, Reference: reference}}
}

// self is this executable as a program with the given state.
func self(t *testing.T, state string) exec.Config {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Config{Command: []string{path}, Environment: map[string]string{stateFile: state}}
}

func open(t *testing.T, c exec.Config) target.Target {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := exec.Driver().Open(context.Background(), raw, target.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// A program that keeps its books in a file keeps the contract, one run a verb.
func TestTheContractAgainstAProgram(t *testing.T) {
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		state := filepath.Join(t.TempDir(), "state.json")
		writes := func() int {
			noted, err := os.ReadFile(state + ".writes")
			if err != nil && !os.IsNotExist(err) {
				t.Error(err)
			}
			return len(noted)
		}
		return &targettest.Fixture{
			Target:      targettest.Count(t, open(t, self(t, state)), targettest.Counts{Asked: writes}),
			RevertAfter: 2 * time.Second, A: payload("a"), B: payload("b"),
		}
	})
}
