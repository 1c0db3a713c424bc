package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Surveyor = (*Ledger)(nil)

// state is what the server says of itself in one answer.
type state struct {
	version               int
	name                  string
	now                   time.Time
	replica, following    bool
	lag                   *time.Duration
	fsync, commit, pages  string
	mayInsert, mayMigrate bool
	bytes                 int64
	connections, limit    int
	tls                   bool
}

// stateQuery asks a replica how old the newest that it has replayed is only where there is
// something that it has not: a primary that nobody writes to leaves no replica behind.
const stateQuery = `SELECT current_setting('server_version_num')::int, current_setting('server_version'), clock_timestamp(), pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_wal_receiver),
	CASE WHEN NOT pg_is_in_recovery() THEN NULL
		WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn() THEN interval '0'
		ELSE now() - pg_last_xact_replay_timestamp() END,
	current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
	has_table_privilege('@.record', 'INSERT') AND has_table_privilege('@.lease', 'UPDATE'),
	pg_has_role((SELECT relowner FROM pg_class WHERE oid = '@.record'::regclass), 'USAGE'),
	pg_total_relation_size('@.record') + pg_total_relation_size('@.lease'),
	(SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')::int,
	coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)`

// Survey implements ledger.Surveyor.
func (l *Ledger) Survey(ctx context.Context, opts ledger.SurveyOptions) (ledger.Survey, error) {
	var s ledger.Survey
	start := l.opts.Clock.Now()
	if _, err := l.pool.Exec(ctx, "SELECT 1"); err != nil {
		return s, l.mapError(err)
	}
	s.RoundTrip = l.opts.Clock.Now().Sub(start)
	var st state
	s.AskedAt = l.opts.Clock.Now()
	query := strings.ReplaceAll(stateQuery, "@", strings.ReplaceAll(pgx.Identifier{l.schema}.Sanitize(), "'", "''"))
	err := l.pool.QueryRow(ctx, query).Scan(&st.version, &st.name, &st.now, &st.replica, &st.following, &st.lag, &st.fsync, &st.commit, &st.pages,
		&st.mayInsert, &st.mayMigrate, &st.bytes, &st.connections, &st.limit, &st.tls)
	if err != nil {
		return s, l.mapError(err)
	}
	s.AnsweredAt, s.StoreTime, s.Bytes = l.opts.Clock.Now(), st.now, uint64(max(st.bytes, 0))
	schema, err := l.version(ctx, l.pool)
	if err != nil {
		return s, l.mapError(err)
	}
	s.Findings = append(s.Findings, ledger.Finding{Check: "schema", State: ledger.Fine, Value: fmt.Sprintf("version %d of %d", schema, len(migrations))})
	s.Findings = append(s.Findings, st.findings()...)
	replicas, err := l.replicas(ctx, st.replica)
	if err != nil {
		return s, l.mapError(err)
	}
	s.Findings = append(s.Findings, replicas)
	if opts.Write {
		start := l.opts.Clock.Now()
		if err := ledger.TryWrite(ctx, l); err != nil {
			s.Findings = append(s.Findings, ledger.Finding{Check: "write", State: ledger.Wrong, Value: "refused: " + err.Error()})
		} else {
			s.WriteTrip = l.opts.Clock.Now().Sub(start)
		}
	}
	return s, nil
}

func (st state) findings() (out []ledger.Finding) {
	add := func(check string, state ledger.FindingState, value, remedy string) {
		out = append(out, ledger.Finding{Check: check, State: state, Value: value, Remedy: remedy})
	}
	if st.version < 130000 {
		add("server", ledger.Wrong, "PostgreSQL "+st.name, "13 is the oldest that is supported")
	} else {
		add("server", ledger.Fine, "PostgreSQL "+st.name, "")
	}
	switch {
	case st.replica && st.lag != nil && st.following:
		add("rights", ledger.Warned, fmt.Sprintf("a replica, %s behind", st.lag.Round(time.Millisecond)), "it can be read; name the primary to release")
	case st.replica && st.lag != nil:
		add("rights", ledger.Warned, fmt.Sprintf("a replica that no primary sends to now; the newest that it has is %s old", st.lag.Round(time.Millisecond)), "it can be read; name the primary to release, and look why they are apart")
	case st.replica:
		add("rights", ledger.Warned, "a replica that has replayed nothing yet", "it can be read; name the primary to release")
	case !st.mayInsert:
		add("rights", ledger.Warned, "a reader", "to release it needs sluice_releaser, see docs/sql/postgres-roles.sql")
	case st.mayMigrate:
		add("rights", ledger.Fine, "an administrator", "")
	default:
		add("rights", ledger.Fine, "a releaser", "")
	}
	durable, remedy := ledger.Fine, ""
	if st.fsync != "on" || st.pages != "on" {
		durable, remedy = ledger.Wrong, "set fsync = on and full_page_writes = on: a crash would lose what was committed"
	}
	add("durability", durable, fmt.Sprintf("fsync %s, full_page_writes %s, synchronous_commit %s", st.fsync, st.pages, st.commit), remedy)
	if st.tls {
		add("encryption", ledger.Fine, "TLS", "")
	} else {
		add("encryption", ledger.Told, "none; well on a socket of this machine, else say sslmode=verify-full", "")
	}
	full := ledger.Fine
	if st.connections > st.limit*8/10 {
		full, remedy = ledger.Warned, "raise max_connections, or put a pool before the server"
	} else {
		remedy = ""
	}
	add("connections", full, fmt.Sprintf("%d of %d", st.connections, st.limit), remedy)
	return out
}

// replicas says who has a copy of what is committed, and how far behind they are.
func (l *Ledger) replicas(ctx context.Context, replica bool) (ledger.Finding, error) {
	f := ledger.Finding{Check: "replication", State: ledger.Told}
	var n, hidden, synchronous int
	var lag *time.Duration
	err := l.pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE state IS NULL), count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')), max(replay_lag) FROM pg_stat_replication`).Scan(&n, &hidden, &synchronous, &lag)
	switch {
	case code(err) == codeInsufficientRight || err == nil && hidden > 0:
		f.State, f.Value, f.Remedy = ledger.Unknown, "this role may not ask", "grant it pg_monitor to see"
		return f, nil
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return f, err
	case n == 0 && replica:
		f.Value = "none follows this one; the primary says who follows it"
		return f, nil
	case n == 0:
		f.Value = "no replica is connected; what a lost disk takes, only a backup brings back"
		return f, nil
	}
	behind := time.Duration(0)
	if lag != nil {
		behind = *lag
	}
	f.State, f.Value = ledger.Fine, fmt.Sprintf("%d connected, %d synchronous, at most %s behind", n, synchronous, behind.Round(time.Millisecond))
	if behind > 10*time.Second {
		f.State, f.Remedy = ledger.Warned, "what a replica has not seen is lost when the primary is: see the guide on disaster recovery"
	}
	return f, nil
}
