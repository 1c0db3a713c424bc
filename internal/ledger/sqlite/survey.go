package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Surveyor = (*Ledger)(nil)

// largeLog is the size of a write-ahead log that shows that something keeps it from
// being folded in.
const largeLog = 64 << 20

// Survey implements ledger.Surveyor.
func (l *Ledger) Survey(ctx context.Context, opts ledger.SurveyOptions) (ledger.Survey, error) {
	s := ledger.Survey{}
	s.AskedAt = l.opts.Clock.Now()
	var mode string
	var version, pages, pageSize, free uint64
	const query = "SELECT journal_mode, user_version, page_count, page_size, freelist_count FROM pragma_journal_mode, pragma_user_version, pragma_page_count, pragma_page_size, pragma_freelist_count"
	if err := l.readers.QueryRowContext(ctx, query).Scan(&mode, &version, &pages, &pageSize, &free); err != nil {
		return s, mapError(err)
	}
	s.RoundTrip = l.opts.Clock.Now().Sub(s.AskedAt)
	s.Bytes = pages * pageSize
	add := func(check string, state ledger.FindingState, remedy, value string, args ...any) {
		s.Findings = append(s.Findings, ledger.Finding{Check: check, State: state, Value: fmt.Sprintf(value, args...), Remedy: remedy})
	}
	add("schema", ledger.Fine, "", "version %d of %d", version, len(migrations))
	if l.conn == nil {
		add("rights", ledger.Warned, "give whoever releases the right to write the file and its folder", "it can be read and not written here")
	} else {
		add("rights", ledger.Fine, "", "it can be read and written")
	}
	if mode == "wal" {
		add("journal", ledger.Fine, "", "write-ahead, synced at each commit")
	} else {
		add("journal", ledger.Wrong, "nobody but Sluice may change the file's settings: PRAGMA journal_mode=WAL sets it back", "%s, and not write-ahead", mode)
	}
	if IsNetworkFS(filepath.Dir(l.path)) {
		add("disk", ledger.Wrong, "move it with sluice ledger copy to a local disk, a database or a bucket", "a network file system, where SQLite's locks do not hold")
	} else {
		add("disk", ledger.Fine, "", "local")
	}
	s.Findings = append(s.Findings, l.log())
	if opts.Write {
		start := l.opts.Clock.Now()
		if err := ledger.TryWrite(ctx, l); err != nil {
			add("write", ledger.Wrong, "", "refused: %v", err)
		} else {
			s.WriteTrip = l.opts.Clock.Now().Sub(start)
		}
	}
	return s, nil
}

// log looks at the write-ahead log.
func (l *Ledger) log() ledger.Finding {
	f := ledger.Finding{Check: "log", State: ledger.Fine, Value: "none"}
	info, err := os.Stat(l.path + "-wal")
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		f.State, f.Value = ledger.Unknown, err.Error()
	case info.Size() > largeLog:
		f.State, f.Value = ledger.Warned, humanize.IBytes(uint64(info.Size()))
		f.Remedy = "some process keeps an old read open, so the log cannot be folded in: find and end it"
	default:
		f.Value = humanize.IBytes(uint64(info.Size()))
	}
	return f
}
