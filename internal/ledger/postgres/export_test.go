package postgres

// SweepBy has a sweep ask for so many records at a time.
func SweepBy(l *Ledger, rows int) { l.sweepRows = rows }
