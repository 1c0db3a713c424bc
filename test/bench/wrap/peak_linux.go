package main

import (
	"os"
	"syscall"
)

// peak is the greatest resident memory; Linux counts it in kilobytes.
func peak(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss * 1024
	}
	return 0
}
