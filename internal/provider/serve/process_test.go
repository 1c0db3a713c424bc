package serve

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestMain is the provider where a test has started it as Terraform does.
func TestMain(m *testing.M) {
	debug := len(os.Args) == 2 && os.Args[1] == "-debug"
	if !debug && !ByTerraform(os.Getenv) {
		os.Exit(m.Run())
	}
	if err := Run(func() provider.Provider { return small{} }, debug); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// Schema prints, as a library may.
func (small) Schema(_ context.Context, _ provider.SchemaRequest, _ *provider.SchemaResponse) {
	fmt.Fprintln(os.Stdout, "printed by a library")
}

// connection lets the client hand its connection out as the plugin.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return errors.New("not here") }
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// heard is a buffer that two may use.
type heard struct {
	mu  sync.Mutex
	buf bytes.Buffer
	any chan struct{}
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case h.any <- struct{}{}:
	default:
	}
	return h.buf.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf.String()
}

// terraform is go-plugin's client, set as Terraform sets it.
func terraform(t *testing.T, set func(*plugin.ClientConfig)) *plugin.Client {
	t.Helper()
	config := &plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: 4, MagicCookieKey: cookieKey, MagicCookieValue: cookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{6: {"provider": connection{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Managed:          true, Logger: hclog.NewNullLogger(),
	}
	set(config)
	client := plugin.NewClient(config)
	t.Cleanup(client.Kill)
	return client
}

// self is a command that starts this program, with a folder for its sockets.
func self(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A test's own folder may have a longer path than a socket may have.
	dir, err := os.MkdirTemp("", "serve") //nolint:usetesting // Shorter; see above.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	return cmd, dir
}

// answers asks for the schema.
func answers(t *testing.T, client *plugin.Client) {
	t.Helper()
	rpc, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	service, err := rpc.Dispense("provider")
	if err != nil {
		t.Fatal(err)
	}
	var answer emptypb.Empty
	if err := service.(*grpc.ClientConn).Invoke(t.Context(), "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.ProtoReflect().GetUnknown()) == 0 {
		t.Error("the schema is empty")
	}
}

func TestTerraformStartsAndEndsTheProvider(t *testing.T) {
	for name, secured := range map[string]bool{"with certificates": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			cmd, dir := self(t)
			printed := &heard{any: make(chan struct{}, 1)}
			client := terraform(t, func(c *plugin.ClientConfig) {
				c.Cmd, c.AutoMTLS, c.SyncStdout = cmd, secured, printed
			})
			answers(t, client)
			if left, err := filepath.Glob(filepath.Join(dir, "*", "*")); runtime.GOOS != "windows" && (err != nil || len(left) != 1) {
				t.Errorf("%v, %v is there, want one socket", left, err)
			}
			select {
			case <-printed.any:
			case <-t.Context().Done():
			}
			if got := printed.String(); !strings.Contains(got, "printed by a library") {
				t.Errorf("Terraform heard %q of what was printed", got)
			}
			client.Kill()
			if state := cmd.ProcessState; state == nil || state.ExitCode() != 0 {
				t.Errorf("the provider ended with %v", state)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v, %v is left behind", left, err)
			}
		})
	}
}

func TestNobodyElseIsLetIn(t *testing.T) {
	cmd, _ := self(t)
	client := terraform(t, func(c *plugin.ClientConfig) { c.Cmd, c.AutoMTLS = cmd, true })
	answers(t, client)
	at := client.ReattachConfig().Addr
	stranger, err := tls.Dial(at.Network(), at.String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // Whom it meets is known.
	if err != nil {
		return // It did not even get so far.
	}
	defer stranger.Close()
	if n, err := stranger.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("one without Terraform's certificate was answered with %d bytes and %v", n, err)
	}
}

func TestAnInterruptIsTerraformsToTell(t *testing.T) {
	cmd, _ := self(t)
	client := terraform(t, func(c *plugin.ClientConfig) { c.Cmd, c.AutoMTLS = cmd, true })
	answers(t, client)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	answers(t, client)
}

func TestADebuggersProviderIsFoundAndInterrupted(t *testing.T) {
	cmd, dir := self(t, "-debug")
	printed := &heard{any: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = printed, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	<-printed.any
	at := attached(t, printed)
	client := terraform(t, func(c *plugin.ClientConfig) { c.Reattach, c.Plugins = at, c.VersionedPlugins[6] })
	answers(t, client)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the provider ended with %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left behind", left, err)
	}
}
