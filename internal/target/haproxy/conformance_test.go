//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// TestMain lets this executable be the install command too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "install" {
		os.Exit(install())
	}
	os.Exit(m.Run())
}

// install is an author's command: it brings the payload onto each server, but
// for one that no registry has.
func install() int {
	var req haproxy.InstallRequest
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	answer := haproxy.InstallAnswer{}
	if strings.HasSuffix(req.Payload.Reference, strings.Repeat("0", 64)) {
		answer.Error = &haproxy.InstallError{Code: target.CodeNotFound, Message: "the registry has no " + req.Payload.Reference}
	} else if req.Verb == haproxy.VerbInstall {
		body, err := json.Marshal(haproxytest.Runs{Version: req.Payload.Version, Digest: req.Payload.Digest(), Configuration: req.Payload.ConfigurationDigest})
		for _, s := range req.Servers {
			if err != nil {
				break
			}
			var put *http.Request
			put, err = http.NewRequest(http.MethodPut, fmt.Sprintf("http://%s:%d/install", s.Address, s.Port), bytes.NewReader(body))
			if err == nil {
				_, err = http.DefaultClient.Do(put)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		return 1
	}
	return 0
}

func payload(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

var a, b = payload("1.0.0", "a"), payload("1.1.0", "b")

// config is one for a HAProxy, with this executable as the install command.
func config(h *haproxytest.HAProxy) haproxy.Config {
	return haproxy.Config{
		Layout: h.Layout,
		Identity: &haproxy.Identity{
			URL:                 "http://{address}:{port}/version",
			Digest:              &haproxy.Source{Header: "X-Artifact-Digest"},
			ConfigurationDigest: &haproxy.Source{JSON: "configuration"},
			Version:             &haproxy.Source{JSON: "version"},
		},
		Install: &haproxy.Install{Command: []string{os.Args[0], "install"}},
	}
}

func open(t *testing.T, c haproxy.Config) *haproxy.Target {
	t.Helper()
	d, err := haproxy.New(c, target.Deps{Clock: clock.System{}, UserAgent: "sluice/test"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A real HAProxy keeps the contract of the port.
func TestConformance(t *testing.T) {
	for name, o := range map[string]haproxytest.Options{
		"one backend":    {},
		"three backends": {Backends: 3, Servers: 3},
		"cohorts":        {Backends: 2, Cohorts: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			targettest.Run(t, func(t *testing.T) *targettest.Fixture {
				h := haproxytest.Start(t, o)
				c := config(h)
				if o.Cohorts {
					c.CohortMap = h.CohortMap()
				}
				return &targettest.Fixture{Target: open(t, c), A: a, B: b, Patience: 20 * time.Second}
			})
		})
	}
}
