package serve

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"google.golang.org/grpc"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

const (
	// handshakeVersion is that of go-plugin's own handshake, and protocolVersion that
	// of Terraform's plugin protocol.
	handshakeVersion, protocolVersion = 1, 6
	// maxMessage is the greatest message in bytes, either way, as terraform-plugin-go
	// has it.
	maxMessage = 256 << 20
)

// Run serves the provider until Terraform ends it. With debug it waits for a
// Terraform that finds it through TF_REATTACH_PROVIDERS, and prints that.
//
// It says hello itself, in place of tf6server.Serve and go-plugin's Serve, because
// those can serve net/rpc too, which looks methods up by their names: the linker then
// keeps every exported method of every type, ten megabytes of them (ADR 0051).
func Run(p func() provider.Provider, debug bool) error {
	process := process{
		getenv: os.Getenv, now: clock.System{}.Now, said: os.Stdout,
		provider: func() tfprotov6.ProviderServer { return located{New(p())} },
	}
	if debug {
		return process.debug()
	}
	// Terraform tells us itself what an interrupt means: by StopProvider.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	out, outs, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("redirecting standard output: %w", err)
	}
	faults, errs, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("redirecting standard error: %w", err)
	}
	// Standard output has carried the handshake once it is read; what a library may
	// print afterwards goes to Terraform's log.
	os.Stdout, os.Stderr = outs, errs
	return process.serve(out, faults)
}

// process is a plugin's side of go-plugin's handshake.
type process struct {
	getenv   func(string) string
	now      now
	provider func() tfprotov6.ProviderServer
	// said takes the line that says where we listen.
	said io.Writer
}

// serve listens, says so, and returns when Terraform has ended the provider. What out
// and errs give is streamed to Terraform; neither may end before.
func (p process) serve(out, errs io.Reader) error {
	listener, err := listen(p.getenv)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Closed already by the server that ended.
	secured, certificate, err := p.secured()
	if err != nil {
		return err
	}
	server, err := p.server(secured, out, errs)
	if err != nil {
		return err
	}
	at := listener.Addr()
	if _, err := fmt.Fprintf(p.said, "%d|%d|%s|%s|%s|%s\n", handshakeVersion, protocolVersion, at.Network(), at, plugin.ProtocolGRPC, certificate); err != nil {
		return fmt.Errorf("telling Terraform where the provider listens: %w", err)
	}
	return ended(server.Serve(listener))
}

// server makes the gRPC server with go-plugin's services and the provider's.
func (p process) server(secured *tls.Config, out, errs io.Reader) (*grpc.Server, error) {
	var server *grpc.Server
	all := plugin.GRPCServer{
		Plugins: plugin.PluginSet{"provider": &tf6server.GRPCProviderPlugin{GRPCProvider: p.provider, Name: Address}},
		Server: func(opts []grpc.ServerOption) *grpc.Server {
			server = grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))...)
			return server
		},
		TLS: secured, Stdout: out, Stderr: errs,
	}
	if err := all.Init(); err != nil {
		return nil, fmt.Errorf("making the provider's server: %w", err)
	}
	return server, nil
}

// secured is how both sides know each other where Terraform has sent a certificate,
// as it always does: it answers with one of our own, in base64. Both are made for
// this process alone.
func (p process) secured() (*tls.Config, string, error) {
	theirs := p.getenv("PLUGIN_CLIENT_CERT")
	if theirs == "" {
		return nil, "", nil
	}
	own, err := newCertificate(p.now())
	if err != nil {
		return nil, "", err
	}
	config, err := mutual(own, []byte(theirs))
	return config, base64.RawStdEncoding.EncodeToString(own.Certificate[0]), err
}

// ended is nothing where the server was stopped, which is how a plugin ends.
func ended(err error) error {
	if err == nil || errors.Is(err, grpc.ErrServerStopped) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("serving Terraform: %w", err)
}
