// Command wrap stands in for a provider: it runs the one that the environment
// names in SLUICE_BENCH_PROVIDER, and adds one line of JSON to the file in
// SLUICE_BENCH_USAGE about the processor time and memory that it used. It is tiny
// so that it costs next to nothing itself.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	cmd := exec.Command(os.Getenv("SLUICE_BENCH_PROVIDER"), os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// An interrupt reaches the whole group; the provider decides what it means.
	signal.Ignore(os.Interrupt)
	err := cmd.Run()
	if cmd.ProcessState != nil {
		err = record(cmd.ProcessState)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wrap:", err)
		os.Exit(1)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// record appends in one write, which keeps lines of several processes apart.
func record(state *os.ProcessState) error {
	f, err := os.OpenFile(os.Getenv("SLUICE_BENCH_USAGE"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // The write tells whether it went well.
	cpu := (state.UserTime() + state.SystemTime()).Seconds()
	_, err = fmt.Fprintf(f, "{\"cpu_seconds\":%f,\"peak_bytes\":%d}\n", cpu, peak(state))
	return err
}
