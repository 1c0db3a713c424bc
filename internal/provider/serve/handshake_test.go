package serve

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
)

// attached reads how a debugger's provider is found out of what it has printed.
func attached(t *testing.T, printed interface{ String() string }) *plugin.ReattachConfig {
	t.Helper()
	_, text, ok := strings.Cut(printed.String(), "TF_REATTACH_PROVIDERS='")
	text, _, closed := strings.Cut(text, "'\n")
	var all map[string]reattach
	if err := json.Unmarshal([]byte(text), &all); !ok || !closed || err != nil {
		t.Fatalf("%q is no setting: %v", printed.String(), err)
	}
	one := all[Address]
	if !one.Test || one.ProtocolVersion != 6 || one.Addr.Network != "unix" || one.Pid == 0 {
		t.Errorf("the provider says %+v of itself", one)
	}
	return &plugin.ReattachConfig{
		Protocol: one.Protocol, ProtocolVersion: one.ProtocolVersion, Pid: one.Pid, Test: true,
		Addr: &net.UnixAddr{Net: "unix", Name: one.Addr.String},
	}
}

func TestAPortIsTakenWithinTheBounds(t *testing.T) {
	first, err := listenOnPort("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	taken := strconv.Itoa(first.Addr().(*net.TCPAddr).Port)
	if again, err := listenOnPort(taken, taken); err == nil {
		again.Close()
		t.Error("a port that is taken was taken")
	} else if !strings.Contains(err.Error(), "from "+taken+" to "+taken) {
		t.Errorf("%v names no bounds", err)
	}
	for _, bad := range []string{"x", "-1", "70000"} {
		if _, err := listenOnPort(bad, ""); err == nil || !strings.Contains(err.Error(), "PLUGIN_MIN_PORT is no port") {
			t.Errorf("listenOnPort(%q) = %v", bad, err)
		}
		if _, err := listenOnPort("", bad); err == nil || !strings.Contains(err.Error(), "PLUGIN_MAX_PORT is no port") {
			t.Errorf("listenOnPort to %q = %v", bad, err)
		}
	}
}

func TestASocketThatCannotBeMadeSaysWhereItWasMeantToBe(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	if _, err := listenInFile(long); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("a folder that is missing: %v", err)
	}
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := listenInFile(long); err == nil || !strings.Contains(err.Error(), "100 bytes") {
		t.Errorf("a path too long: %v", err)
	}
	if left, err := os.ReadDir(long); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left behind", left, err)
	}
}

func TestACertificateThatCannotBeReadIsRefused(t *testing.T) {
	p := process{now: time.Now, getenv: func(string) string { return "no certificate" }}
	if _, _, err := p.secured(); err == nil || !strings.Contains(err.Error(), "PLUGIN_CLIENT_CERT") {
		t.Errorf("secured() = %v", err)
	}
}
