package postgres

import (
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

// validUntil is when the server takes the role's password no longer, NULL for never.
const validUntil = "(SELECT rolvaliduntil FROM pg_catalog.pg_roles WHERE rolname = session_user AND isfinite(rolvaliduntil))"

// lasting knows until when the password last used is taken. A connection that stands
// outlives that, but no driver may rely on one.
type lasting struct {
	url string

	mu             sync.Mutex
	user, password string
	until          time.Time
}

// note keeps what a new connection was made with.
func (l *lasting) note(c *pgx.ConnConfig, until *time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.user, l.password, l.until = c.User, c.Password, time.Time{}
	if until != nil {
		l.until = *until
	}
}

// CredentialsEnd implements credential.Ender: the role's VALID UNTIL, which holds for
// passwords alone. Where the next connection would be made with other ones, since the
// files were written anew, the end of the old ones is none.
func (l *Ledger) CredentialsEnd() credential.End {
	l.lasting.mu.Lock()
	defer l.lasting.mu.Unlock()
	if l.lasting.until.IsZero() || l.lasting.password == "" {
		return credential.End{}
	}
	next, err := pgx.ParseConfig(l.lasting.url)
	if err == nil && (next.User != l.lasting.user || next.Password != "" && next.Password != l.lasting.password) {
		return credential.End{}
	}
	return credential.End{At: l.lasting.until, Whose: "the ledger's user and password"}
}
