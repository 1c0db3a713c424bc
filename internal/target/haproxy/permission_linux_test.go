package haproxy_test

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// A socket that this user may not open is said to be so, also where the tests run
// as root, for whom no file is closed: the thread then goes on as nobody.
func TestASocketWithoutPermission(t *testing.T) {
	s := rolling(t, haproxytest.Options{Servers: 1}, 25)
	if err := os.Chmod(strings.TrimPrefix(s.Admin, "unix://"), 0); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A thread that is locked until its goroutine ends is not used again.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			const nobody = 65534
			if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0); errno != 0 {
				t.Errorf("going on as nobody: %v", errno)
				return
			}
		}
		found, err := s.Preflight(t.Context(), b)
		if err != nil || len(found) != 1 || !strings.Contains(found[0].What, "may not open HAProxy's socket") || !strings.Contains(found[0].Remedy, "mode 660 group") {
			t.Errorf("preflight: %v, %v", found, err)
		}
		_, err = s.Observe(t.Context())
		if target.CodeOf(err) != target.CodeUnauthorized {
			t.Errorf("observe: %v", err)
		}
	}()
	<-done
}
