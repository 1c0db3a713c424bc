package s3test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// ready bounds how long a store may take to start.
const ready = 60 * time.Second

// free finds a port of this machine that nobody has now.
func free(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// launch runs a store's program until the test ends, and waits until it answers at the
// address, whatever it says.
func launch(t testing.TB, cmd *exec.Cmd, address string, env ...string) {
	t.Helper()
	name := filepath.Base(cmd.Path)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	// What leads the driver to a store must not lead the store's own client anywhere.
	aws := func(v string) bool { return strings.HasPrefix(v, "AWS_") }
	cmd.Env = append(slices.DeleteFunc(os.Environ(), aws), env...)
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // It was killed.
		if t.Failed() {
			t.Logf("%s:\n%s", name, log.Bytes()[max(0, log.Len()-4<<10):])
		}
	})
	if err := answers(address); err != nil {
		t.Fatalf("%s did not start: %v\n%s", name, err, log.String())
	}
}

func answers(address string) error {
	c := clock.System{}
	deadline := c.Now().Add(ready)
	for {
		resp, err := http.Get(address) //nolint:noctx,gosec // The deadline bounds it, and the address is this machine's.
		if err == nil {
			return resp.Body.Close()
		}
		if c.Now().After(deadline) {
			return err
		}
		if err := c.Sleep(context.Background(), 50*time.Millisecond); err != nil {
			return err
		}
	}
}
