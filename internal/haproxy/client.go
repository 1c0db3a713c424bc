// Package haproxy speaks HAProxy's runtime API, and knows how the servers of its
// backends stand for the two arms of a rollout. The target driver and the signal
// driver of the same name share it.
package haproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxAnswer bounds one answer, in bytes. A thousand servers need less than one
// megabyte.
const maxAnswer = 16 << 20

// MaxLine is the longest line of commands that is sent, in bytes. HAProxy reads
// a line into one buffer of 16 KiB (tune.bufsize) and refuses longer ones.
const MaxLine = 15 << 10

// The reasons for which a socket gives no answer, for errors.Is.
var (
	// ErrPermission means that this process may not open the socket, or that the
	// socket's level forbids the command.
	ErrPermission = errors.New("permission denied")
	// ErrUnreachable means that nothing was sent: HAProxy is not there.
	ErrUnreachable = errors.New("HAProxy cannot be reached")
	// ErrBroken means that the answer broke off or was too long. What was asked may
	// have been done.
	ErrBroken = errors.New("the answer broke off")
)

// Client sends lines of commands to a stats socket, each over a connection of
// its own, as the runtime API wants it. It is safe for concurrent use.
type Client struct {
	network, address string
	timeout          time.Duration
}

// NewClient makes a client for a socket such as "unix:///run/haproxy/admin.sock"
// or "tcp://10.0.0.5:9999", which ValidateSocket has passed. Timeout bounds one
// call of Do.
func NewClient(socket string, timeout time.Duration) *Client {
	network, address, _ := strings.Cut(socket, "://")
	return &Client{network: network, address: address, timeout: timeout}
}

// Socket names the socket for messages.
func (c *Client) Socket() string { return c.network + "://" + c.address }

// Do sends commands, which HAProxy carries out in order, and gives the whole of
// its answer. It never repeats them. A command that HAProxy refuses is not an
// error here; its words are in the answer.
func (c *Client) Do(ctx context.Context, commands ...string) (string, error) {
	line := strings.Join(commands, ";")
	if len(line) > MaxLine || strings.ContainsAny(line, "\r\n") {
		return "", fmt.Errorf("the commands take %d bytes and must be one line of at most %d", len(line), MaxLine)
	}
	if err := ctx.Err(); err != nil {
		return "", errors.Join(ErrUnreachable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", dialError(ctx, err)
	}
	// The connection ends with the context, whatever it waits for.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		stop()
		_ = conn.Close()
	}()
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", broken(ctx, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	switch {
	case err != nil:
		return "", broken(ctx, err)
	case len(answer) > maxAnswer:
		return "", fmt.Errorf("%w: it is longer than %d bytes", ErrBroken, maxAnswer)
	case len(answer) == 0:
		// Even a command without words answers with an empty line.
		return "", fmt.Errorf("%w: it is empty", ErrBroken)
	}
	return string(answer), nil
}

func dialError(ctx context.Context, err error) error {
	kind := ErrUnreachable
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, os.ErrPermission) {
		kind = ErrPermission
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("%w: %w", kind, ctxErr)
	}
	return fmt.Errorf("%w: %w", kind, err)
}

func broken(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("%w: %w", ErrBroken, ctxErr)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// Absent reports whether the error says that no HAProxy listens at the socket,
// as after its end.
func Absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
