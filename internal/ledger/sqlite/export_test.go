package sqlite

import (
	"fmt"
	"testing"
)

// LimitPages makes the file full at n pages, for this handle's writes.
func (l *Ledger) LimitPages(t testing.TB, n int) {
	t.Helper()
	if err := exec(l.conn, fmt.Sprintf("PRAGMA max_page_count=%d", n)); err != nil {
		t.Fatal(err)
	}
}
