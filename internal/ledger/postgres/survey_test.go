package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

func found(t *testing.T, l *postgres.Ledger, opts ledger.SurveyOptions) (ledger.Survey, map[string]ledger.Finding) {
	t.Helper()
	s, err := l.Survey(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]ledger.Finding{}
	for _, f := range s.Findings {
		out[f.Check] = f
	}
	return s, out
}

func TestSurvey(t *testing.T) {
	s := server(t)
	url := s.Database(t)
	l := open(t, url, postgres.Options{})
	survey, got := found(t, l, ledger.SurveyOptions{Write: true})
	for check, says := range map[string]string{
		"schema": "version 1 of 1", "server": "PostgreSQL", "rights": "an administrator", "durability": "fsync on, full_page_writes on",
		"encryption": "none", "connections": " of 200", "replication": "no replica is connected",
	} {
		if f := got[check]; !strings.Contains(f.Value, says) || f.State == ledger.Wrong || f.State == ledger.Warned {
			t.Errorf("%s: %+v, want %q", check, f, says)
		}
	}
	ahead, uncertain, ok := survey.Skew()
	if !ok || ahead.Abs() > uncertain || survey.Bytes == 0 || survey.WriteTrip <= 0 {
		t.Errorf("%+v", survey)
	}
	if heads, err := l.Heads(t.Context(), ""); err != nil || len(heads) != 1 {
		t.Errorf("a survey left a record: %v, %v", heads, err)
	}

	pgtest.Exec(t, url, `CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA sluice TO looker; GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO looker`)
	_, got = found(t, open(t, strings.Replace(url, "//admin@", "//looker@", 1), postgres.Options{MustExist: true}), ledger.SurveyOptions{})
	if f := got["rights"]; f.State != ledger.Warned || !strings.Contains(f.Remedy, "sluice_releaser") {
		t.Errorf("a reader: %+v", f)
	}
}

// A clock of ours that is minutes behind the server's shows.
func TestSurveyClock(t *testing.T) {
	url, _ := server(t).Schema(t)
	slow := clock.NewFake(clock.System{}.Now().Add(-4 * time.Minute))
	survey, _ := found(t, open(t, url, postgres.Options{Clock: slow}), ledger.SurveyOptions{})
	if ahead, _, ok := survey.Skew(); !ok || ahead < 3*time.Minute || ahead > 5*time.Minute {
		t.Errorf("the server is %s ahead, %t", ahead, ok)
	}
}

// The server's clock comes with answers that come anyway: a new connection's, and a
// lease's.
func TestStoreClock(t *testing.T) {
	url, _ := server(t).Schema(t)
	ours := clock.NewFake(clock.System{}.Now().Add(-4 * time.Minute))
	l := open(t, url, postgres.Options{Clock: ours})
	ahead := func() time.Duration {
		ahead, _, ok := ledger.StoreClock(l).Skew()
		if !ok {
			t.Error("the server's clock is not known")
		}
		return ahead
	}
	if got := ahead(); got < 3*time.Minute || got > 5*time.Minute {
		t.Errorf("after opening it is %s ahead", got)
	}
	lease := ledger.Lease{Name: "release/a/b"}
	for _, step := range []time.Duration{time.Hour, -2 * time.Hour} {
		before := ahead()
		ours.Advance(step)
		next := lease
		next.Holder, next.Fence, next.Beat, next.TTL = "anna", 1, lease.Beat+1, time.Minute
		if err := l.SwapLease(t.Context(), lease, next); err != nil {
			t.Fatal(err)
		}
		lease = next
		if moved := before - ahead(); (moved - step).Abs() > time.Minute {
			t.Errorf("our clock stepped by %s, and the skew by %s", step, moved)
		}
	}
}
