package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// schemaCall asks for everything that a provider offers (protocol 6).
const schemaCall = "/tfplugin6.Provider/GetProviderSchema"

// pluginStart is what one start of a provider took.
type pluginStart struct {
	// handshake is from the start of the process to an open connection, and call
	// from there to the schema.
	handshake, call time.Duration
	// schema is the size of the answer and peak the greatest resident memory until
	// then, in bytes.
	schema, peak float64
	// cpu is the time of all its threads until then, in seconds.
	cpu float64
}

// raw makes the connection itself the client, so that this program needs no
// generated code of Terraform's.
type raw struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer implements plugin.GRPCPlugin.
func (raw) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the bench serves no plugin")
}

// GRPCClient implements plugin.GRPCPlugin.
func (raw) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// startPlugin starts a provider as Terraform does, asks for its schema, and ends
// it.
func startPlugin(ctx context.Context, path string) (pluginStart, error) {
	cmd := exec.CommandContext(ctx, path)
	began := time.Now()
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  4, // Below every version that is negotiated, as in Terraform.
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]plugin.PluginSet{6: {"provider": raw{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd:              cmd, AutoMTLS: true, Managed: true, Logger: hclog.NewNullLogger(),
	})
	defer client.Kill()
	rpc, err := client.Client()
	if err != nil {
		return pluginStart{}, fmt.Errorf("starting %s: %w", path, err)
	}
	service, err := rpc.Dispense("provider")
	if err != nil {
		return pluginStart{}, fmt.Errorf("connecting to %s: %w", path, err)
	}
	conn, ok := service.(*grpc.ClientConn)
	if !ok {
		return pluginStart{}, fmt.Errorf("connecting to %s: unexpected client %T", path, service)
	}
	shaken := time.Now()
	// Neither message needs its type: the question is empty, and the answer is kept
	// as fields that nobody knows.
	var answer emptypb.Empty
	if err := conn.Invoke(ctx, schemaCall, &emptypb.Empty{}, &answer); err != nil {
		return pluginStart{}, fmt.Errorf("asking %s for its schema: %w", path, err)
	}
	done := time.Now()
	peak, err := peakMemory(cmd.Process.Pid)
	if err != nil {
		return pluginStart{}, err
	}
	cpu, err := cpuTime(cmd.Process.Pid)
	return pluginStart{
		handshake: shaken.Sub(began), call: done.Sub(shaken), schema: float64(proto.Size(&answer)), peak: peak, cpu: cpu,
	}, err
}

// cpuTime is what the threads of a running process have spent, in seconds.
func cpuTime(pid int) (float64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, errors.Join(errors.New("this figure needs Linux with schedstat"), err)
	}
	total := 0.0
	for _, name := range threads {
		var spent, waited, times float64
		f, err := os.ReadFile(name)
		if err != nil {
			continue // The thread has ended meanwhile.
		}
		if _, err := fmt.Sscan(string(f), &spent, &waited, &times); err != nil {
			return 0, fmt.Errorf("%s says %q: %w", name, f, err)
		}
		total += spent / 1e9
	}
	return total, nil
}

// peakMemory is the greatest resident memory of a running process, in bytes.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("this figure needs Linux: %w", err)
	}
	return fieldOf(status, "VmHWM:")
}
