package postgres

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
)

// renewing has each new connection read the credentials anew, as they are by then in
// the password file, the service file or the files of the certificates: whoever
// rotates them need not restart what drives. What cannot be read now, since it is just
// being written, is taken as it was last.
func renewing(url string) func(context.Context, *pgx.ConnConfig) error {
	var mu sync.Mutex
	var last *pgx.ConnConfig
	return func(_ context.Context, c *pgx.ConnConfig) error {
		mu.Lock()
		defer mu.Unlock()
		fresh, err := pgx.ParseConfig(url)
		if err == nil && (fresh.Password != "" || last == nil || last.Password == "") {
			last = fresh
		}
		if last != nil {
			c.User, c.Password = last.User, last.Password
			c.Host, c.Port, c.TLSConfig, c.Fallbacks = last.Host, last.Port, last.TLSConfig, last.Fallbacks
		}
		return nil
	}
}
