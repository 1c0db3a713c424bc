package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// rate is how many requests a second the lab's users send.
const rate = 400

// labProcess is a lab that runs beside the demo, as a program of its own.
type labProcess struct {
	cmd  *exec.Cmd
	stop context.CancelFunc
	errs bytes.Buffer
	lab.Addresses
}

// startLab starts the lab on free ports, with live traffic, and waits until both
// are open.
func (s *stage) startLab() {
	if s.stopped() {
		return
	}
	const told = "the lab starts"
	ctx, stop := context.WithCancel(s.ctx)
	l := &labProcess{stop: stop}
	l.cmd = s.command(ctx, s.programs.sluice, "lab", "--artifacts", filepath.Join(s.config, "artifacts"),
		"--listen", "127.0.0.1:0", "--traffic-listen", "127.0.0.1:0", "--rate", fmt.Sprint(rate), "--json")
	l.cmd.Stderr = &l.errs
	out, err := l.cmd.StdoutPipe()
	if err == nil {
		err = l.cmd.Start()
	}
	if err != nil {
		stop()
		s.fail(told, err.Error(), "")
		return
	}
	s.lab = l
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &l.Addresses)
	}
	if err != nil {
		s.tearDown()
		s.fail(told, "it did not say where it listens: "+err.Error(), l.errs.String())
	}
}

// tearDown ends the lab, with the services that it started, and waits for it.
func (s *stage) tearDown() {
	if s.lab == nil {
		return
	}
	s.lab.stop()
	// That it was asked to end, or was gone already, is no failure of the story.
	_ = s.lab.cmd.Wait()
	s.lab = nil
}

// look asks the lab what serves.
func (s *stage) look() (lab.Status, error) {
	var status lab.Status
	err := s.admin(http.MethodGet, "/status", nil, &status)
	return status, err
}

// admin makes one call of the lab's operator.
func (s *stage) admin(method, path string, body, into any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(s.ctx, method, s.lab.Admin+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 15 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the lab answered %s: %s", resp.Status, strings.TrimSpace(string(answer)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// serves checks that the lab sends everybody to one version.
func (s *stage) serves(version string) {
	if s.stopped() {
		return
	}
	status, err := s.look()
	came := ""
	if err != nil {
		came = err.Error()
	} else {
		came = "it serves " + arms(status.Observation)
	}
	o := status.Observation
	ok := err == nil && o.Known && o.Baseline != nil && o.Baseline.Payload.Version == version && o.Baseline.Weight == 100 &&
		(o.Canary == nil || o.Canary.Weight == 0)
	s.expect("the lab itself says: "+version+" gets all the traffic", ok, came)
}

// arms says in words what a lab serves.
func arms(o wire.Observation) string {
	var parts []string
	for _, arm := range []*wire.Arm{o.Baseline, o.Canary} {
		if arm != nil {
			parts = append(parts, fmt.Sprintf("%s at %g %%", arm.Payload.Version, arm.Weight))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " and ")
}
