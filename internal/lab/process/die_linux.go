package process

import (
	"os/exec"
	"runtime"
	"syscall"
)

// dieWithParent has the kernel kill the child when the thread that started it
// ends, which covers a child too stuck to notice that its input was closed.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// lockThread keeps the calling goroutine on its thread, since the signal above
// comes at the end of the thread and not of the process. Each supervisor keeps
// its thread for as long as its child lives.
func lockThread() (unlock func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
