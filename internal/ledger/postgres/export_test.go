package postgres

// SweepBy has a sweep ask for so many records at a time.
func SweepBy(l *Ledger, rows int) { l.sweepRows = rows }

// Migrate adds a migration that a later version would have, until undo is called.
func Migrate(sql string) (undo func()) {
	before := migrations
	migrations = append(migrations[:len(migrations):len(migrations)], sql)
	return func() { migrations = before }
}
