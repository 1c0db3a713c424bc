package haproxy_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
)

func layout() haproxy.Layout {
	return haproxy.Layout{Socket: "unix:///run/haproxy/admin.sock", Backends: []string{"checkout"}, Memory: "sluice_checkout/baseline",
		Arms: &haproxy.Arms{Blue: []string{"blue-*"}, Green: []string{"green-1", "green-2"}}}
}

func TestLayouts(t *testing.T) {
	if errs := layout().Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	tcp := layout()
	tcp.Socket, tcp.Timeout = "tcp://[::1]:9999", "1s"
	if errs := tcp.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, tc := range map[string]struct {
		change func(*haproxy.Layout)
		path   string
		says   string
	}{
		"no socket":         {func(l *haproxy.Layout) { l.Socket = "" }, "socket", "must be the stats socket"},
		"a bare path":       {func(l *haproxy.Layout) { l.Socket = "/run/haproxy/admin.sock" }, "socket", "begins with neither unix:// nor tcp://"},
		"a relative path":   {func(l *haproxy.Layout) { l.Socket = "unix://run/admin.sock" }, "socket", "not an absolute path"},
		"no port":           {func(l *haproxy.Layout) { l.Socket = "tcp://lb" }, "socket", "not a host and a port"},
		"a password":        {func(l *haproxy.Layout) { l.Socket = "tcp://u:p@lb:1" }, "socket", "holds a character"},
		"no backend":        {func(l *haproxy.Layout) { l.Backends = nil }, "backends", "no backend is named"},
		"a backend twice":   {func(l *haproxy.Layout) { l.Backends = []string{"a", "a"} }, "backends[1]", "named twice"},
		"another command":   {func(l *haproxy.Layout) { l.Backends = []string{"a;shutdown sessions server x"} }, "backends[0]", "not the name of a backend"},
		"a line":            {func(l *haproxy.Layout) { l.Memory = "a/b\nshow info" }, "memory", "as backend/server"},
		"no arms":           {func(l *haproxy.Layout) { l.Arms = nil }, "arms", "the arms are missing"},
		"half of the arms":  {func(l *haproxy.Layout) { l.Arms = &haproxy.Arms{Blue: []string{"b"}} }, "arms.green", "no server is named"},
		"a server twice":    {func(l *haproxy.Layout) { l.Arms.Green = []string{"blue-*"} }, "arms.green[0]", "in both groups"},
		"a server's name":   {func(l *haproxy.Layout) { l.Arms.Blue = []string{"b 1"} }, "arms.blue[0]", "not the name of a server"},
		"no memory":         {func(l *haproxy.Layout) { l.Memory = "" }, "memory", "the memory is missing"},
		"memory in traffic": {func(l *haproxy.Layout) { l.Memory = "checkout/baseline" }, "memory", "takes traffic"},
		"no patience":       {func(l *haproxy.Layout) { l.Timeout = "1ms" }, "timeout", "between 100ms and 1m"},
	} {
		t.Run(name, func(t *testing.T) {
			l := layout()
			tc.change(&l)
			errs := l.Validate()
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.says) || !strings.Contains(errs[0].Msg, "for example") && !strings.Contains(errs[0].Msg, "twice") {
				t.Errorf("got %+v, want one at %s that says %q and gives an example", errs, tc.path, tc.says)
			}
		})
	}
}
