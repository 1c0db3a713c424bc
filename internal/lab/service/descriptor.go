// Package service is the small service that the lab releases. An artifact of it
// is a JSON file that says how it behaves; its digest is that of the file's bytes.
package service

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Descriptor is the content of an artifact file.
type Descriptor struct {
	Service string `json:"service"`
	Version string `json:"version"`
	// ErrorRate is the share of requests answered with 500, 0 to 1.
	ErrorRate float64 `json:"error_rate"`
	// LatencyMS and LatencyJitterMS: each answer takes the first, plus a random
	// part of the second, in milliseconds.
	LatencyMS       float64 `json:"latency_ms"`
	LatencyJitterMS float64 `json:"latency_jitter_ms"`
	// StartupMS is how long it is unhealthy after its start, in milliseconds.
	StartupMS float64 `json:"startup_ms"`
	// CrashAfterRequests ends the process after so many requests; 0 for never.
	CrashAfterRequests int64 `json:"crash_after_requests"`
}

// Found is an artifact file.
type Found struct {
	Descriptor
	Path      string `json:"path"`
	Digest    string `json:"digest"`
	Reference string `json:"reference"`
}

// ErrNotFound means that no file has the digest.
var ErrNotFound = errors.New("no artifact file has this digest")

// Artifact names what was found, as an author would write it.
func (f Found) Artifact() artifact.Artifact {
	return artifact.Artifact{Version: f.Version, Reference: f.Reference}
}

// Load reads one artifact file.
func Load(path string) (Found, error) {
	body, err := os.ReadFile(path) //nolint:gosec // The path is the operator's own.
	if err != nil {
		return Found{}, fmt.Errorf("reading the artifact: %w", err)
	}
	sum := sha256.Sum256(body)
	f := Found{Path: path, Digest: "sha256:" + hex.EncodeToString(sum[:])}
	if err := wire.Decode(body, &f.Descriptor); err != nil {
		return Found{}, fmt.Errorf("%s is not an artifact of the lab: %w", path, err)
	}
	if err := f.validate(); err != nil {
		return Found{}, fmt.Errorf("%s: %w", path, err)
	}
	f.Reference = "lab/" + f.Service + "@" + f.Digest
	return f, nil
}

func (d Descriptor) validate() error {
	switch {
	case d.Service == "" || strings.ContainsAny(d.Service, "@ \t\n"):
		return fmt.Errorf("service is %q; it must be a name, for example \"checkout\"", d.Service)
	case d.Version == "":
		return errors.New("version is empty; it must be a label, for example \"1.1.0\"")
	case d.ErrorRate < 0 || d.ErrorRate > 1:
		return fmt.Errorf("error_rate is %g; it must be between 0 and 1, for example 0.2", d.ErrorRate)
	case d.LatencyMS < 0 || d.LatencyJitterMS < 0 || d.StartupMS < 0 || d.CrashAfterRequests < 0:
		return errors.New("latency_ms, latency_jitter_ms, startup_ms and crash_after_requests must not be negative")
	}
	return nil
}

// List reads all artifact files (*.json) of a directory, by name. It reads them
// anew at each call, so that artifacts can be added while the lab runs. A
// directory that is not there is an error and not an empty one.
func List(dir string) ([]Found, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the artifacts: %w", err)
	}
	found := make([]Found, 0, len(entries))
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		f, err := Load(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	return found, nil
}

// Find returns the file in dir whose bytes have the digest, or ErrNotFound.
func Find(dir, digest string) (Found, error) {
	all, err := List(dir)
	if err != nil {
		return Found{}, err
	}
	for _, f := range all {
		if f.Digest == digest {
			return f, nil
		}
	}
	return Found{}, fmt.Errorf("%w: %s in %s", ErrNotFound, digest, dir)
}
