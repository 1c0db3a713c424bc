package postgres_test

import (
	"errors"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// mostMessages bounds how many messages opening a ledger may take.
const mostMessages = 60

// Whatever message of a creation the connection is cut behind, carried out without a
// reply, there is a whole ledger or nothing of one, and what is there is used.
func TestCreationCutShort(t *testing.T) {
	s := server(t)
	url, _ := s.Schema(t)
	made := 0
	cutAtEach(t, s, func(through func(url string)) {
		through(url)
		l, err := postgres.Open(t.Context(), url, postgres.Options{MustExist: true})
		if errors.Is(err, ledger.ErrMissing) {
			return // The next tries in the same place.
		}
		if err != nil {
			t.Fatalf("half of a ledger: %v", err)
		}
		defer l.Close() //nolint:errcheck // Nothing is left to do.
		wholeWith(t, l, 0)
		made++
		url, _ = s.Schema(t)
	})
	// The reply to the commit, to what is asked after it, and the one that met no fault.
	if made < 3 {
		t.Errorf("%d were created", made)
	}
}

// The same of a schema that is being brought up to date: it has the version that it had,
// or the next with all that belongs to it.
func TestMigrationCutShort(t *testing.T) {
	s := server(t)
	before := func() (url, schema string) {
		url, schema = s.Schema(t)
		l, err := postgres.Open(t.Context(), url, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // Nothing is left to do.
		appended(t, l, "s", 1)
		return url, schema
	}
	url, schema := before()
	migrated := 0
	cutAtEach(t, s, func(through func(url string)) {
		undo := postgres.Migrate("ALTER TABLE %[1]s.record ADD COLUMN later text; CREATE TABLE %[1]s.later (key text)")
		defer func() { undo() }()
		through(url)
		// It fails where one of the three is there without the others.
		pgtest.Exec(t, s.URL("postgres"), `SELECT 1 / CASE count(*) WHEN 0 THEN 1 WHEN 3 THEN 1 ELSE 0 END FROM (
	SELECT FROM pg_class WHERE oid = to_regclass('`+schema+`.later')
	UNION ALL SELECT FROM pg_attribute WHERE attrelid = '`+schema+`.record'::regclass AND attname = 'later'
	UNION ALL SELECT FROM `+schema+`.meta WHERE key = 'schema_version' AND value = '2') AS o`)
		// To read alone it is refused while it is of the old version.
		l, err := postgres.Open(t.Context(), url, postgres.Options{ReadOnly: true})
		if errors.Is(err, ledger.ErrReadOnly) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		if l, err = postgres.Open(t.Context(), url, postgres.Options{}); err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // Nothing is left to do.
		wholeWith(t, l, 1)
		migrated++
		undo()
		undo = func() {}
		url, schema = before()
	})
	if migrated < 3 {
		t.Errorf("%d were brought up to date", migrated)
	}
}

// cutAtEach tries with the connection cut behind the first message, the second and so on,
// until opening comes to its end without meeting it. One that is sent in half leaves what
// the one before it has left.
func cutAtEach(t *testing.T, s *pgtest.Server, try func(through func(url string))) {
	t.Helper()
	for at := 1; at < mostMessages; at++ {
		met := false
		try(func(url string) {
			w, err := pgtest.NewWire(url)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close() //nolint:errcheck // Its connections are cut anyhow.
			w.Strike(func(n int) pgtest.Fault {
				if n != at {
					return pgtest.Pass
				}
				met = true
				return pgtest.Deaf
			})
			// Whether it came to its end is what is looked at.
			if l, err := postgres.Open(t.Context(), w.URL+"&application_name=cut", postgres.Options{}); err == nil {
				_ = l.Close()
			}
			w.Strike(nil)
			// The server may still be carrying out what it was told.
			s.Wait(t, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'cut')")
		})
		if !met {
			return
		}
	}
	t.Errorf("opening takes more than %d messages", mostMessages)
}

// wholeWith wants a ledger that holds, with so many records of the stream s, and takes the next.
func wholeWith(t *testing.T, l *postgres.Ledger, records int) {
	t.Helper()
	if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
		t.Errorf("verify: %v", err)
	}
	if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != records {
		t.Errorf("%d records, %v", len(got), err)
	}
	appended(t, l, "s", records+1)
}
