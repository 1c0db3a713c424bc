//go:build unix

package proof

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// full makes the proof the full one: "make proof" gives it.
var full = flag.Int("full", 0, "so many appends on each ledger, instead of a few hundred")

// jobEnv holds the job of a worker that is a process of its own.
const jobEnv = "SLUICE_PROOF_WORKER"

// TestMain makes this test's executable two things: the test, and a worker.
func TestMain(m *testing.M) {
	// What the machine's user has set must not lead elsewhere.
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGSERVICE", "PGOPTIONS"} {
		_ = os.Unsetenv(name)
	}
	s3test.Env(func(name, value string) { _ = os.Setenv(name, value) })
	if text := os.Getenv(jobEnv); text != "" {
		var j job
		err := json.Unmarshal([]byte(text), &j)
		if err == nil {
			err = j.do(context.Background())
		}
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err) // There is nowhere else to say it.
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if shared != nil {
		if err := shared.Close(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// figure prints a figure of the full proof, as "make bench" does.
func figure(name string, value any, unit string) {
	if *full > 0 {
		_, _ = fmt.Fprintln(os.Stdout, name, value, unit)
	}
}

// now is an instant in nanoseconds on the clock that all processes of a machine share and
// that nobody sets. No other clock puts what several processes saw in an order.
func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err) // A kernel without it runs no Go.
	}
	return ts.Nano()
}
