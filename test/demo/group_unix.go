//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// alone gives a program a process group of its own: a Ctrl-C then reaches the demo
// alone, which passes it on once. Terraform takes a second one for impatience, and
// leaves what it started behind.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
