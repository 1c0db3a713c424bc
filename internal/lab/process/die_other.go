//go:build !linux

package process

import "os/exec"

// dieWithParent does nothing: the child ends when its input is closed.
func dieWithParent(*exec.Cmd) {}

// lockThread does nothing, as no signal is bound to a thread.
func lockThread() (unlock func()) { return func() {} }
