package serve

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// listen opens the place where Terraform finds us: a socket in a file, and on Windows a
// port of this machine, within the bounds that Terraform sets.
func listen(getenv func(string) string) (net.Listener, error) {
	if runtime.GOOS == "windows" {
		return listenOnPort(getenv("PLUGIN_MIN_PORT"), getenv("PLUGIN_MAX_PORT"))
	}
	return listenInFile(getenv("PLUGIN_UNIX_SOCKET_DIR"))
}

// listenInFile opens a socket in dir, or in the folder for temporary files. The file
// goes when the listener is closed.
func listenInFile(dir string) (net.Listener, error) {
	// In a folder that only we may enter, so that nobody can take the name before us.
	own, err := os.MkdirTemp(dir, "plugin")
	if err != nil {
		return nil, fmt.Errorf("making a place for Terraform's connection: %w (TMPDIR names the folder)", err)
	}
	listener, err := net.Listen("unix", filepath.Join(own, "s"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for Terraform: %w (a socket's path has at most about 100 bytes; TMPDIR names the folder)", err), os.Remove(own))
	}
	return inFolder{listener, own}, nil
}

// inFolder takes the folder away when it is closed.
type inFolder struct {
	net.Listener
	folder string
}

// Close implements net.Listener.
func (l inFolder) Close() error { return errors.Join(l.Listener.Close(), os.Remove(l.folder)) }

// listenOnPort takes the first free port from least to most; any, where neither is
// said.
func listenOnPort(least, most string) (net.Listener, error) {
	from, err := port(least, "PLUGIN_MIN_PORT")
	if err != nil {
		return nil, err
	}
	to, err := port(most, "PLUGIN_MAX_PORT")
	if err != nil {
		return nil, err
	}
	for at := from; at <= to; at++ {
		if listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(at))); err == nil {
			return listener, nil
		}
	}
	return nil, fmt.Errorf("no port of this machine from %d to %d is free (PLUGIN_MIN_PORT, PLUGIN_MAX_PORT)", from, to)
}

// port reads a number from 0 to 65535.
func port(text, name string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%s is no port: %w", name, err)
	}
	return int(n), nil
}
