package postgres_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
)

// refusing is a server without TLS that refuses whoever comes without; it gives its address.
func refusing(t *testing.T, with pgproto3.ErrorResponse) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go turnAway(conn, with)
		}
	}()
	return listener.Addr().String()
}

func turnAway(conn net.Conn, with pgproto3.ErrorResponse) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(clock.System{}.Now().Add(10 * time.Second))
	server := pgproto3.NewBackend(conn, conn)
	first, err := server.ReceiveStartupMessage()
	if err != nil {
		return
	}
	if _, tls := first.(*pgproto3.SSLRequest); tls {
		_, _ = conn.Write([]byte("N"))
		return
	}
	server.Send(&with)
	_ = server.Flush()
}

// What a server refuses at the door is said first, before the ways that were tried in vain.
func TestWhatIsRefusedAtTheDoor(t *testing.T) {
	password := pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "ci"`}
	unknown := pgproto3.ErrorResponse{Severity: "FATAL", Code: "42704", Message: `unrecognized configuration parameter "sslcrl"`}
	for name, c := range map[string]struct {
		settings           string
		with               pgproto3.ErrorResponse
		happened, original string
	}{
		"a wrong password":             {"", password, "the server does not take the role or its password", `its password: password authentication failed for user "ci"; look at`},
		"a parameter that is unknown":  {"?sslcrl=/x", unknown, "a parameter that the server does not know: sslcrl", "does not know: sslcrl; take it out"},
		"TLS that is not to be had":    {"?sslmode=require", password, "the server takes no TLS", "sslmode=disable"},
		"TLS that would be as welcome": {"?sslmode=allow", password, "the server does not take the role", "failed for user"},
	} {
		_, err := postgres.Open(t.Context(), "postgres://ci:s3cret@"+refusing(t, c.with)+"/x"+c.settings, postgres.Options{BusyTimeout: time.Second})
		misplaced(t, name, err, c.happened)
		var place *ledger.PlaceError
		if !errors.As(err, &place) {
			continue
		}
		text := err.Error()
		tried := strings.Index(text, "refused TLS")
		if at := strings.Index(text, c.original); at < 0 || tried >= 0 && tried < at || strings.Contains(text, "s3cret") {
			t.Errorf("%s: %s; want %q first", name, text, c.original)
		}
	}
}
