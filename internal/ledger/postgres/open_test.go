package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// What cannot be a ledger is refused, with the word of the port and what to do, and
// nothing is left half-made.
func TestOpenRefuses(t *testing.T) {
	s := server(t)
	with := func(sql ...string) string {
		url := s.Database(t)
		for _, q := range sql {
			pgtest.Exec(t, url, q)
		}
		return url
	}
	made := func(sql ...string) string {
		url := with()
		if err := open(t, url, postgres.Options{}).Close(); err != nil {
			t.Fatal(err)
		}
		for _, q := range sql {
			pgtest.Exec(t, url, q)
		}
		return url
	}
	for name, c := range map[string]struct {
		url  string
		opts postgres.Options
		want error
		says string
	}{
		"no ledger, at plan":         {with(), postgres.Options{MustExist: true}, ledger.ErrMissing, `no tables of Sluice in the schema "sluice"`},
		"no ledger, to read":         {with(), postgres.Options{ReadOnly: true}, ledger.ErrMissing, ""},
		"no such database":           {s.URL("nowhere"), postgres.Options{}, ledger.ErrMissing, "create it"},
		"something else":             {with("CREATE SCHEMA sluice", "CREATE TABLE sluice.invoices ()"), postgres.Options{}, ledger.ErrForeign, "sluice_schema"},
		"tables without a version":   {made("DELETE FROM sluice.meta WHERE key = 'schema_version'"), postgres.Options{}, ledger.ErrForeign, "which version"},
		"a newer schema":             {made("UPDATE sluice.meta SET value = '99' WHERE key = 'schema_version'"), postgres.Options{}, ledger.ErrNewer, "version 99, this one knows up to 1"},
		"one that takes no writes":   {with(readOnly), postgres.Options{}, ledger.ErrReadOnly, "name the primary"},
		"a database in another text": {ascii(t, s), postgres.Options{}, nil, "ENCODING 'UTF8'"},
	} {
		before := ""
		if name != "no such database" {
			before = objects(t, c.url)
		}
		l, err := postgres.Open(t.Context(), c.url, c.opts)
		if err == nil {
			_ = l.Close()
		}
		if before != "" && objects(t, c.url) != before {
			t.Errorf("%s: something was left: %s, before %s", name, objects(t, c.url), before)
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %v with %q", name, err, c.want, c.says)
		}
	}
	var corrupt *ledger.CorruptError
	if _, err := postgres.Open(t.Context(), made("DELETE FROM sluice.meta WHERE key = 'ledger'"), postgres.Options{}); !errors.As(err, &corrupt) {
		t.Errorf("a ledger without its id: %v", err)
	}
}

// objects are the schemas, tables, columns, indexes, functions and triggers of a database.
func objects(t *testing.T, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // It only looked.
	var out string
	const all = `SELECT concat('objects: ', string_agg(name, ' ' ORDER BY name)) FROM (
	SELECT nspname AS name FROM pg_namespace
	UNION ALL SELECT concat(relnamespace::regnamespace, '.', relname, '.', attname) FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid
	UNION ALL SELECT proname FROM pg_proc UNION ALL SELECT tgname FROM pg_trigger) AS o WHERE name NOT LIKE 'pg\_%' AND name NOT LIKE 'information\_schema%'`
	if err := conn.QueryRow(t.Context(), all).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func ascii(t *testing.T, s *pgtest.Server) string {
	t.Helper()
	pgtest.Exec(t, s.URL("postgres"), "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
	return s.URL("ascii")
}

// A role that the server does not know, and a host that nobody knows.
func TestWrongURLs(t *testing.T) {
	s := server(t)
	for name, c := range map[string]struct{ url, says string }{
		"no such role": {s.URLAs("nobody", "postgres"), "the server does not take the role or its password"},
		"no such host": {"postgres://ledger.invalid/x?sslmode=disable", "look at host, port and sslmode"},
	} {
		if _, err := postgres.Open(t.Context(), c.url, postgres.Options{BusyTimeout: time.Second}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema of an older version is brought up to date with what it holds, under a lock, by
// whoever may; to read alone, and without the right, it says who has to, and stays as it was.
func TestOlderSchema(t *testing.T) {
	s := server(t)
	url := s.Database(t)
	if _, err := open(t, url, postgres.Options{}).Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, "CREATE ROLE late LOGIN; GRANT USAGE ON SCHEMA sluice TO late; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA sluice TO late")
	defer postgres.Migrate("ALTER TABLE %[1]s.record ADD COLUMN later text")()
	for name, refused := range map[string]func() error{
		"to read": func() error { _, err := postgres.Open(t.Context(), url, postgres.Options{ReadOnly: true}); return err },
		"as a releaser": func() error {
			_, err := postgres.Open(t.Context(), strings.Replace(url, "admin@", "late@", 1), postgres.Options{})
			return err
		},
	} {
		if err := refused(); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "administrator") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := postgres.Open(t.Context(), url, postgres.Options{ReadOnly: true})
	misplaced(t, "to read", err, "of an older version of Sluice")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			l, err := postgres.Open(t.Context(), url, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = l.Close() }()
			if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != 1 {
				t.Errorf("%d records, %v", len(got), err)
			}
		})
	}
	all.Wait()
	pgtest.Exec(t, url, "UPDATE sluice.record SET later = later WHERE false")
	if _, err := postgres.Open(t.Context(), url, postgres.Options{ReadOnly: true}); err != nil {
		t.Errorf("once it is of the new version: %v", err)
	}
}

// A database that is set to take no writes can be read, and says so when it is written
// to. A real replica is in TestReplica.
func TestReadOnly(t *testing.T) {
	s := server(t)
	url := s.Database(t)
	if _, err := open(t, url, postgres.Options{}).Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, readOnly)
	for name, opts := range map[string]postgres.Options{"as a releaser": {}, "to read": {ReadOnly: true}} {
		l := open(t, url, opts)
		if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != 1 {
			t.Errorf("%s: %d records, %v", name, len(got), err)
		}
		if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of several processes that create a ledger at once, one does and the others use it.
func TestCreatedOnce(t *testing.T) {
	url, _ := server(t).Schema(t)
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			l, err := postgres.Open(t.Context(), url, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = l.Close() }()
			ids[i], _ = l.ID(t.Context())
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("ids %v", ids)
		}
	}
}

// Two schemas of one database are two ledgers.
func TestSchemas(t *testing.T) {
	s := server(t)
	url := s.Database(t)
	a, b := open(t, url, postgres.Options{}), open(t, url+"&sluice_schema=Team+%22B%22", postgres.Options{})
	if _, err := b.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Read(t.Context(), "s", 1); err != nil || len(got) != 0 {
		t.Errorf("the other schema has %d records, %v", len(got), err)
	}
	idA, _ := a.ID(t.Context())
	if idB, _ := b.ID(t.Context()); idA == idB {
		t.Error("two ledgers with one id")
	}
}

// A server that would lose what it has committed is refused; a session that was told
// not to wait for the disk is told to.
func TestDurability(t *testing.T) {
	s := pgtest.Start(t, "synchronous_commit = off", "log_statement = all")
	l := open(t, s.Database(t), postgres.Options{})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.Log(), "SET synchronous_commit = on") {
		t.Error("the session does not wait for the disk")
	}
	careless := pgtest.Start(t, "fsync = off")
	if _, err := postgres.Open(t.Context(), careless.Database(t), postgres.Options{}); err == nil || !strings.Contains(err.Error(), "set fsync = on") {
		t.Errorf("fsync = off: %v", err)
	}
}

// An address at which nobody answers is said without the password.
func TestUnreachable(t *testing.T) {
	_, err := postgres.Open(t.Context(), "postgres://ci:s3cret@127.0.0.1:1/x?sslmode=disable", postgres.Options{BusyTimeout: time.Second})
	if err == nil || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}
