package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// misplaced wants an error that is of the place, with these words and an example.
func misplaced(t *testing.T, name string, err error, happened string) {
	t.Helper()
	var place *ledger.PlaceError
	if !errors.As(err, &place) || !strings.Contains(place.Happened, happened) || !strings.Contains(place.Remedy, "for example") {
		t.Errorf("%s: %v is not of the place, with %q and an example", name, err, happened)
	}
}

// TestWhatIsWrongWithThePlace: what stays wrong until a person changes it is told from what
// may pass, and what only looks like a version is none.
func TestWhatIsWrongWithThePlace(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE bystander LOGIN")
	as := strings.Replace(url, "admin@", "bystander@", 1)
	_, err := postgres.Open(t.Context(), as, postgres.Options{})
	misplaced(t, "a role that may not create", err, "may not create the ledger")
	open(t, url, postgres.Options{})
	_, err = postgres.Open(t.Context(), as, postgres.Options{MustExist: true})
	misplaced(t, "a role that may not read", err, "may not even read")
	for _, version := range []string{"0", "-1"} {
		pgtest.Exec(t, s.URL("postgres"), "UPDATE "+schema+".meta SET value = '"+version+"' WHERE key = 'schema_version'")
		_, err = postgres.Open(t.Context(), url, postgres.Options{})
		if misplaced(t, "version "+version, err, "something else"); !errors.Is(err, ledger.ErrForeign) {
			t.Errorf("version %s: %v", version, err)
		}
	}

	// A name that nobody answers to is wrong; an address that takes connections and says
	// nothing may be slow.
	_, err = postgres.Open(t.Context(), "postgres://127.0.0.1:1/x?sslmode=disable", postgres.Options{BusyTimeout: time.Second})
	misplaced(t, "nobody there", err, "cannot be reached")
	_, err = postgres.Open(t.Context(), answering(t, nil), postgres.Options{BusyTimeout: 50 * time.Millisecond})
	var place *ledger.PlaceError
	if err == nil || errors.As(err, &place) {
		t.Errorf("one that says nothing: %v", err)
	}
}

// TestCautionsOfASession: what can be read and not written says so, once it is asked; a
// handle that only reads by its own wish has no reason to.
func TestCautionsOfASession(t *testing.T) {
	url, _ := server(t).Schema(t)
	open(t, url, postgres.Options{})
	frozen := url + "&default_transaction_read_only=on"
	for name, c := range map[string]struct {
		url  string
		opts postgres.Options
		want int
	}{
		"as it should be":      {url, postgres.Options{}, 0},
		"one that only reads":  {url, postgres.Options{ReadOnly: true}, 0},
		"one that is set so":   {frozen, postgres.Options{MustExist: true}, 1},
		"one that is left off": {frozen, postgres.Options{ReadOnly: true}, 0},
	} {
		got := open(t, c.url, c.opts).Cautions(t.Context())
		if len(got) != c.want || c.want > 0 && !strings.Contains(got[0].Remedy, "name the primary") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
