package postgres_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// certificates are the files of a test, as a URL names them.
type certificates struct {
	t      *testing.T
	folder string
	server *pgtest.Server
}

func (c certificates) write(name string, content []byte) string {
	c.t.Helper()
	file := filepath.Join(c.folder, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// client writes a client's pair, and returns the settings that name it.
func (c certificates) client(name string, p pgtest.Pair) []string {
	c.t.Helper()
	return []string{"sslcert=" + c.write(name+".crt", p.Cert), "sslkey=" + c.write(name+".key", p.Key)}
}

// guardedByTLS is a server that takes TLS alone, with a certificate of home for its
// address, and lets robots of home in.
func guardedByTLS(t *testing.T, home *pgtest.Authority) certificates {
	t.Helper()
	s := guarded.get(t)
	s.ServeTLS(t, home.Issue(t, "server", "127.0.0.1"), home)
	pgtest.Exec(t, s.URL("postgres"), "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'robot') THEN CREATE ROLE robot LOGIN; END IF; END $$; GRANT CREATE ON DATABASE postgres TO robot")
	return certificates{t, t.TempDir(), s}
}

// Of the server's certificate and of the client's, each that is not to be trusted is
// refused, and said with what to look at. No error says the password.
func TestTLS(t *testing.T) {
	home, strange := pgtest.NewAuthority(t, "home"), pgtest.NewAuthority(t, "strange")
	c := guardedByTLS(t, home)
	root := "sslrootcert=" + c.write("home.pem", home.PEM())
	strangeRoot := "sslrootcert=" + c.write("strange.pem", strange.PEM())
	robot := c.client("robot", home.Issue(t, "robot"))
	with := func(more ...string) string {
		return c.server.NetworkURL("robot:s3cret", "postgres", append([]string{"sluice_schema=tls"}, more...)...)
	}
	l := open(t, with(append(robot, "sslmode=verify-full", root)...), postgres.Options{})
	if _, got := found(t, l, ledger.SurveyOptions{}); got["encryption"].Value != "TLS" || got["encryption"].State != ledger.Fine {
		t.Errorf("%+v", got["encryption"])
	}
	full := append(robot, "sslmode=verify-full")
	for _, refused := range []struct{ name, url, says string }{
		{"another authority", with(append(full, strangeRoot)...), "signed by nobody who is trusted"},
		{"the authority alone", with(append(robot, "sslmode=verify-ca", strangeRoot)...), "signed by nobody who is trusted"},
		{"a required one with an authority", with(append(robot, "sslmode=require", strangeRoot)...), "signed by nobody who is trusted"},
		{"no authority named", with(full...), "&sslrootcert="},
		{"another host", strings.Replace(with(append(full, root)...), "127.0.0.1", "localhost", 1), "of another name than the URL's host"},
		{"no TLS", with("sslmode=disable"), "pg_hba.conf"},
		{"no client's certificate", with("sslmode=verify-full", root), "sslcert and sslkey where the server asks"},
		{"a client's of another authority", with(append(c.client("foreign", strange.Issue(t, "robot")), "sslmode=verify-full", root)...), "sslcert and sslkey"},
		{"a client's of yesterday", with(append(c.client("old", home.Expired(t, "robot")), "sslmode=verify-full", root)...), "the certificate's dates"},
		{"a client's of another role", with(append(c.client("other", home.Issue(t, "other")), "sslmode=verify-full", root)...), "sslcert and sslkey where the server asks"},
		{"a file that is not there", with(append(full, "sslrootcert=/nowhere/ca.pem")...), "/nowhere/ca.pem: no such file"},
		{"a file of something else", with(append(full, "sslrootcert="+c.write("text", []byte("text")))...), "unable to add CA"},
		{"a list of the revoked", with(append(full, root, "sslcrl=/nowhere/crl.pem")...), "the URL has a parameter that the server does not know: sslcrl;"},
	} {
		l, err := postgres.Open(t.Context(), refused.url, postgres.Options{})
		if err == nil {
			_ = l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), refused.says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v; want %q", refused.name, err, refused.says)
		}
	}
	c.server.ServeTLS(t, home.Expired(t, "server", "127.0.0.1"), home)
	if _, err := postgres.Open(t.Context(), with(append(full, root)...), postgres.Options{}); err == nil || !strings.Contains(err.Error(), "look at its dates") {
		t.Errorf("a server's of yesterday: %v", err)
	}
}

// Certificates may be replaced while the ledger is open: the client's, and the server's
// with its authority. Each new connection takes what the files hold by then, and what it
// had where a file is just being written.
func TestCertificatesMayRotate(t *testing.T) {
	home, next := pgtest.NewAuthority(t, "home"), pgtest.NewAuthority(t, "next")
	c := guardedByTLS(t, home)
	first, second := home.Issue(t, "robot"), home.Issue(t, "robot")
	settings := append(c.client("robot", first), "sslmode=verify-full", "sslrootcert="+c.write("root.pem", home.PEM()), "sluice_schema=rotated")
	l := open(t, c.server.NetworkURL("robot", "postgres", settings...), postgres.Options{})
	n := 0
	appends := func() error {
		c.server.Disconnect(t, "robot")
		for range 3 {
			_, err := l.Append(t.Context(), "s", uint64(n), entry(n+1))
			if err == nil {
				n++
			}
			// That a connection was ended is seen when it is used, and another taken then.
			if err == nil || !strings.Contains(err.Error(), "57P01") {
				return err
			}
		}
		return errors.New("the connections were ended once, and seem so again and again")
	}
	shows := func(p pgtest.Pair) {
		t.Helper()
		c.server.Wait(t, fmt.Sprintf("SELECT count(*) > 0 AND bool_and(client_serial = %d) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'robot'", p.Serial))
	}
	if err := appends(); err != nil {
		t.Fatal(err)
	}
	c.client("robot", second)
	if err := appends(); err != nil {
		t.Errorf("after the client's has changed: %v", err)
	}
	shows(second)
	c.write("robot.key", first.Key)
	c.write("root.pem", nil)
	if err := appends(); err != nil {
		t.Errorf("while files are being written: %v", err)
	}
	c.client("robot", second)
	c.write("root.pem", home.PEM())
	c.server.ServeTLS(t, next.Issue(t, "server", "127.0.0.1"), home)
	if err := appends(); err == nil || !strings.Contains(err.Error(), "signed by nobody who is trusted") {
		t.Errorf("a server of an authority that is not known yet: %v", err)
	}
	c.write("root.pem", next.PEM())
	if err := appends(); err != nil {
		t.Errorf("once it is known: %v", err)
	}
}
