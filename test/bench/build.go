package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// providerPath is the release build that make build has left.
func (b *bench) providerPath() (string, error) {
	path := filepath.Join(b.bin, "terraform-provider-sluice")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the provider is not built: %w; run make bench", err)
	}
	return path, nil
}

// build makes one of the bench's own programs as the release build makes the
// provider, once.
func (b *bench) build(ctx context.Context, name string) (string, error) {
	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path,
		"github.com/sluice/terraform-provider-sluice/test/bench/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", name, err, bytes.TrimSpace(output))
	}
	return path, nil
}
