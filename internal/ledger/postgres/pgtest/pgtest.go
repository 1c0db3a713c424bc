// Package pgtest starts a real PostgreSQL for tests, on a socket in a folder of its
// own, and makes databases in it. A machine without PostgreSQL fails.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Server is one cluster.
type Server struct {
	bin  string
	dir  string
	user *syscall.Credential
	// port is 0 where it is PostgreSQL's own, and of the socket's name alone.
	port int
	cmd  *exec.Cmd
	done chan struct{}
}

// ready bounds how long a server may take to start or to stop.
const ready = 30 * time.Second

// pause is between two looks at something that is waited for.
const pause = 20 * time.Millisecond

var databases atomic.Int64

// Start makes a cluster and runs it until the test ends. Settings are lines of
// postgresql.conf, "log_statement = all".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := New(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// New is Start for a server that outlives a test; the caller closes it.
func New(settings ...string) (*Server, error) { return start(0, settings) }

func start(port int, settings []string) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sluice-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, port: port}
	if err := s.create(settings); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Run(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) create(settings []string) error {
	if err := s.own(); err != nil {
		return err
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--encoding", "UTF8", "--locale", "C.UTF-8", "--username", "admin", "--auth", "trust", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// Version 13 keeps passwords by MD5 unless it is told, and AskPassword asks for SCRAM.
	conf := fmt.Sprintf("listen_addresses = ''\nunix_socket_directories = '%s'\nmax_connections = 200\npassword_encryption = 'scram-sha-256'\n", s.dir)
	return s.configure(conf + strings.Join(settings, "\n") + "\n")
}

// configure adds lines to postgresql.conf, of which the last of a setting counts.
func (s *Server) configure(lines string) error {
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(lines)
	return errors.Join(err, f.Close())
}

// Run starts the server, again after a Stop or Kill, and waits until it answers.
func (s *Server) Run() error {
	s.cmd = s.command("postgres", "-D", s.data())
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	err = s.cmd.Start()
	_ = log.Close() // The server has its own handle.
	if err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		defer close(done)
		_ = cmd.Wait() // How it ended is in its log.
	}(s.cmd, s.done)
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			return fmt.Errorf("postgres ended:\n%s", s.Log())
		default:
		}
		if slept := (clock.System{}).Sleep(ctx, pause); slept != nil {
			return fmt.Errorf("postgres does not answer within %s: %w\n%s", ready, err, s.Log())
		}
	}
}

// Close ends the server and removes the cluster.
func (s *Server) Close() error { return errors.Join(s.Kill(), os.RemoveAll(s.dir)) }

// Stop ends the server at once, cutting all connections, as a fail-over does, and
// waits until it is gone.
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

// Kill ends the server as a crash does: without a checkpoint.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(signal syscall.Signal) error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(signal) // It may have ended already.
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		_ = s.cmd.Process.Kill()
		return fmt.Errorf("postgres did not end within %s\n%s", ready, s.Log())
	}
}

// Database makes a database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", databases.Add(1))
	Exec(t, s.URL("postgres"), "CREATE DATABASE "+name)
	return s.URL(name)
}

// Schema returns the URL of a ledger in a schema of its own, which is quicker to
// make than a database, and the schema's name.
func (s *Server) Schema(t testing.TB) (databaseURL, schema string) {
	t.Helper()
	schema = fmt.Sprintf("test%d", databases.Add(1))
	return s.URL("postgres") + "&sluice_schema=" + schema, schema
}

// URL names a database of the server, for the administrator.
func (s *Server) URL(database string) string { return s.URLAs("admin", database) }

// URLAs names a database of the server for a role.
func (s *Server) URLAs(role, database string) string {
	q := url.Values{"host": {s.dir}, "sslmode": {"disable"}}
	if s.port != 0 {
		q.Set("port", strconv.Itoa(s.port))
	}
	return fmt.Sprintf("postgres://%s@/%s?%s", role, database, q.Encode())
}

// Exec runs SQL on the database that a URL names.
func Exec(t testing.TB, databaseURL, query string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // What was asked for is done or has failed.
	if _, err := conn.Exec(ctx, query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Log returns the end of the server's log.
func (s *Server) Log() string {
	out, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(out[max(0, len(out)-64<<10):])
}

// command runs one of PostgreSQL's programs, which refuse to run as root.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return cmd
}

// own gives the folder to an ordinary user where the tests run as root.
func (s *Server) own() error {
	if os.Getuid() != 0 {
		return nil
	}
	// 65534 is nobody, everywhere. It owns nothing else.
	const nobody = 65534
	s.user = &syscall.Credential{Uid: nobody, Gid: nobody}
	return os.Chown(s.dir, nobody, nobody)
}

// Programs is the environment variable that names a folder with PostgreSQL's initdb and
// postgres, to be used instead of those of the system.
const Programs = "SLUICE_TEST_POSTGRES"

// find returns the folder of PostgreSQL's programs: the one that is named, or else the
// newest there is. Debian keeps them out of the PATH.
func find() (string, error) {
	if named := os.Getenv(Programs); named != "" {
		if _, err := os.Stat(filepath.Join(named, "initdb")); err != nil {
			return "", fmt.Errorf("%s names no folder with PostgreSQL's programs: %w", Programs, err)
		}
		return named, nil
	}
	places, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	slices.Sort(places)
	if n := len(places); n > 0 {
		return filepath.Dir(places[n-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed; run: make packages")
	}
	return filepath.Dir(path), nil
}

// AskPassword has the server ask a role for its password from now on.
func (s *Server) AskPassword(t testing.TB, role string) {
	t.Helper()
	rules := fmt.Sprintf("local all %s scram-sha-256\nlocal all all trust\n", role)
	if err := os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	Exec(t, s.URL("postgres"), "SELECT pg_reload_conf()")
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URLAs(role, "postgres"))
		if err != nil && ctx.Err() == nil {
			return
		}
		if err != nil {
			t.Fatalf("the server does not ask %s for a password: %v", role, err)
		}
		_ = conn.Close(ctx) // It was let in without one.
		_ = (clock.System{}).Sleep(ctx, pause)
	}
}
