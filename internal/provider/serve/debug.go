package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"github.com/hashicorp/go-plugin"
)

// reattach is how a Terraform is told of a provider that runs already.
type reattach struct {
	Protocol        plugin.Protocol
	ProtocolVersion int
	Pid             int
	Test            bool
	Addr            struct{ Network, String string }
}

// debug serves until an interrupt, or a Terraform, ends it, and prints how it is found.
func (p process) debug() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := listen(p.getenv)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Closed already by the server that ended.
	// What is printed stays in the debugger's terminal.
	server, err := p.server(nil, silent{}, silent{})
	if err != nil {
		return err
	}
	found := reattach{Protocol: plugin.ProtocolGRPC, ProtocolVersion: protocolVersion, Pid: os.Getpid(), Test: true}
	found.Addr.Network, found.Addr.String = listener.Addr().Network(), listener.Addr().String()
	if err := p.sayHowToAttach(found); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, server.Stop)()
	return ended(server.Serve(listener))
}

// silent is a reader that never says anything, nor that it has ended.
type silent struct{}

// Read implements io.Reader.
func (silent) Read([]byte) (int, error) { select {} }

// sayHowToAttach prints the setting in the words of the shell at hand.
func (p process) sayHowToAttach(found reattach) error {
	text, err := json.Marshal(map[string]reattach{Address: found})
	if err != nil {
		return fmt.Errorf("saying how to attach: %w", err)
	}
	line := "TF_REATTACH_PROVIDERS='" + strings.ReplaceAll(string(text), "'", `'"'"'`) + "'"
	if runtime.GOOS == "windows" {
		line = "$env:TF_REATTACH_PROVIDERS='" + strings.ReplaceAll(string(text), "'", "''") + "'"
	}
	if _, err := fmt.Fprintf(p.said, "Provider started. Terraform uses it where this is set:\n\n\t%s\n\n", line); err != nil {
		return fmt.Errorf("saying how to attach: %w", err)
	}
	return nil
}
