package ledgertest

import (
	"encoding/json"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// world appends records of several services, environments, kinds and times, and
// returns them newest first.
func world(s *suite) []ledger.Record {
	s.Helper()
	at := func(sec int) time.Time { return epoch.Add(time.Duration(sec) * time.Second) }
	rows := []struct {
		stream, kind, service, environment string
		after                              uint64
		at                                 time.Time
	}{
		{"release/a/prod", "rollout.opened", "a", "prod", 0, at(1)},
		{"release/a/prod", "rollout.step", "a", "prod", 1, at(4)},
		{"release/a/test", "rollout.opened", "a", "test", 0, at(2)},
		{"release/b/prod", "rollout.opened", "b", "prod", 0, at(3)},
		{"release/b/prod", "rollout.step", "b", "prod", 1, at(4)},
		{"release/b/prod", "rollout.closed", "b", "prod", 2, at(4)},
		{"object/hold/all", "object.put", "", "", 0, at(5)},
	}
	var got []ledger.Record
	for _, r := range rows {
		e := entry(int(r.after))
		e.Kind, e.Service, e.Environment, e.At, e.Body = r.kind, r.service, r.environment, r.at, json.RawMessage(`{}`)
		got = append(got, s.append(r.stream, r.after, e))
	}
	// By time, then stream, then number, and from the end.
	return []ledger.Record{got[6], got[5], got[4], got[1], got[3], got[2], got[0]}
}

var queryTests = []test{
	{"filters", func(s *suite) {
		w := world(s)
		for _, c := range []struct {
			name   string
			filter ledger.Filter
			want   []ledger.Record
		}{
			{"service", ledger.Filter{Service: "a"}, []ledger.Record{w[3], w[5], w[6]}},
			{"environment", ledger.Filter{Environment: "test"}, []ledger.Record{w[5]}},
			{"service and environment", ledger.Filter{Service: "b", Environment: "prod"}, []ledger.Record{w[1], w[2], w[4]}},
			{"a kind", ledger.Filter{Kinds: []string{"rollout.step"}}, []ledger.Record{w[2], w[3]}},
			{"kinds", ledger.Filter{Kinds: []string{"rollout.closed", "object.put"}}, []ledger.Record{w[0], w[1]}},
			{"no such kind", ledger.Filter{Kinds: []string{"rollout"}}, nil},
			{"prefix", ledger.Filter{StreamPrefix: "release/"}, w[1:]},
			{"prefix of another case", ledger.Filter{StreamPrefix: "Release/"}, nil},
			{"prefix with a wildcard", ledger.Filter{StreamPrefix: "release%"}, nil},
			{"since is inclusive", ledger.Filter{StreamPrefix: "release/", Since: epoch.Add(4 * time.Second)}, w[1:4]},
			{"until is exclusive", ledger.Filter{StreamPrefix: "release/", Until: epoch.Add(2 * time.Second)}, w[6:]},
			{"since within a microsecond", ledger.Filter{StreamPrefix: "release/", Since: epoch.Add(4*time.Second + 1)}, nil},
			{"until within a microsecond", ledger.Filter{StreamPrefix: "release/", Until: epoch.Add(1*time.Second + 1)}, w[6:]},
			{"an empty span", ledger.Filter{Since: epoch.Add(3 * time.Second), Until: epoch.Add(3 * time.Second)}, nil},
			{"limit", ledger.Filter{StreamPrefix: "release/", Limit: 2}, w[1:3]},
			{"limit above", ledger.Filter{StreamPrefix: "object/", Limit: 100}, w[:1]},
			{"all at once", ledger.Filter{StreamPrefix: "release/b", Kinds: []string{"rollout.step", "rollout.opened"}, Service: "b", Environment: "prod", Since: epoch, Until: epoch.Add(time.Hour), Limit: 1}, w[2:3]},
		} {
			got, err := s.l.Query(s.Context(), c.filter)
			s.ok(c.name, err)
			s.same(c.name, c.want, got)
		}
	}},
	{"an empty filter returns everything, newest first", func(s *suite) {
		world(s)
		got, err := s.l.Query(s.Context(), ledger.Filter{})
		s.ok("query", err)
		if len(got) != 8 {
			s.Errorf("got %d records, want 7 and the ledger's first", len(got))
		}
		for i := 1; i < len(got); i++ {
			if got[i-1].At.Before(got[i].At) {
				s.Errorf("record %d is older than the next", i-1)
			}
		}
	}},
}
