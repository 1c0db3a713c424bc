package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// stage is a lab in a process of its own, and between it and the driver a proxy
// that notes every call.
type stage struct {
	lab.Addresses
	journal *journal
	// proxy is the base URL that the driver is given.
	proxy     string
	artifacts string
	stop      func() error
}

// newStage starts a lab whose folder is dir.
func newStage(ctx context.Context, dir string) (*stage, error) {
	s := &stage{artifacts: filepath.Join(dir, "artifacts"), journal: &journal{}}
	if err := os.MkdirAll(s.artifacts, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the artifacts: %w", err)
	}
	cmd, err := inRole(ctx, roleLab, s.artifacts)
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.Addresses)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the lab did not say where it listens: %w", err), stdin.Close(), cmd.Wait())
	}
	server, err := s.serveProxy()
	if err != nil {
		return nil, errors.Join(err, stdin.Close(), cmd.Wait())
	}
	s.stop = func() error { return errors.Join(stdin.Close(), cmd.Wait(), server.Close()) }
	return s, nil
}

// serveProxy notes each call when its answer has come.
func (s *stage) serveProxy() (*http.Server, error) {
	to, err := url.Parse(s.Contract)
	if err != nil {
		return nil, fmt.Errorf("reading the address of the lab: %w", err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			what := callTarget
			if r.Request.URL.Path == "/metrics" {
				what = callSignal
			}
			what += r.Request.Method + " " + r.Request.URL.Path
			if r.StatusCode != http.StatusOK {
				what += fmt.Sprintf(" failed with %d", r.StatusCode)
			}
			s.journal.note(what)
			return nil
		},
	}
	listener, err := net.Listen("tcp", anyFreePort)
	if err != nil {
		return nil, fmt.Errorf("opening the proxy's port: %w", err)
	}
	s.proxy = "http://" + listener.Addr().String()
	server := &http.Server{Handler: proxy}
	// It ends when the stage does; until then nothing ends it.
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

// revertAccepted is the event of a revert that the lab took.
const revertAccepted = callTarget + "POST " + wire.PathRevert

// artifact writes an artifact of the version.
func (s *stage) artifact(version string) (artifact.Payload, error) {
	body, err := json.Marshal(service.Descriptor{Service: "checkout", Version: version})
	if err != nil {
		return artifact.Payload{}, err
	}
	path := filepath.Join(s.artifacts, version+".json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return artifact.Payload{}, fmt.Errorf("writing an artifact: %w", err)
	}
	found, err := service.Load(path)
	return artifact.Payload{Artifact: found.Artifact()}, err
}

// faults makes the lab fail, or work again.
func (s *stage) faults(ctx context.Context, f lab.Faults) error {
	body, err := json.Marshal(f)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.Admin+"/faults", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("setting the lab's faults: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // Read to its end.
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, answer)
	}
	return err
}
