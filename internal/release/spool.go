package release

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// spool keeps the records of a revert while the ledger is away, in a file beside
// the process, and brings them home afterwards. They are facts, so they go to the
// end of the stream whatever stands there by then, and without a fence. Each ledger
// has a folder of its own, by UUID: another one that is used from the same place gets
// nothing of it, and the copy of a ledger that has moved gets all.
type spool struct {
	dir     string
	ledger  string
	key     Key
	entries []ledger.Entry
}

func (s *spool) pending() bool { return len(s.entries) > 0 }

func (s *spool) path() string {
	if s.dir == "" {
		return ""
	}
	name := strings.NewReplacer("/", "--", string(filepath.Separator), "--").Replace(s.key.String())
	return filepath.Join(s.dir, s.ledger, name+".jsonl")
}

// add writes one record to the file, synced, before it counts as spooled.
func (s *spool) add(entry ledger.Entry) error {
	s.entries = append(s.entries, entry)
	if s.path() == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.path()), 0o700); err != nil {
		return fmt.Errorf("unable to spool a record: %w", err)
	}
	f, err := os.OpenFile(s.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("unable to spool a record: %w", err)
	}
	err = json.NewEncoder(f).Encode(entry)
	return errors.Join(err, f.Sync(), f.Close())
}

// where says where the records wait, for people.
func (s *spool) where() string {
	if s.path() == "" {
		return "they are lost when this process ends"
	}
	return "they wait in " + s.path() + " and the next run appends them"
}

// flush appends what is spooled, of this process or of one before, and removes
// the file once all of it is in the ledger.
func (s *spool) flush(ctx context.Context, l ledger.Ledger) error {
	if !s.pending() {
		if err := s.read(); err != nil || !s.pending() {
			return err
		}
	}
	for len(s.entries) > 0 {
		if err := appendAtEnd(ctx, l, s.key.Stream(), s.entries[0]); err != nil {
			return err
		}
		s.entries = s.entries[1:]
	}
	if s.path() == "" {
		return nil
	}
	if err := os.Remove(s.path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("unable to remove the spool: %w", err)
	}
	return nil
}

func (s *spool) read() error {
	if s.path() == "" {
		return nil
	}
	f, err := os.Open(s.path())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("unable to read the spool: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var entry ledger.Entry
		// A last line that was cut by a crash was never acted upon as durable.
		if json.Unmarshal(lines.Bytes(), &entry) == nil {
			s.entries = append(s.entries, entry)
		}
	}
	return lines.Err()
}

// appendAtEnd appends wherever the stream ends now.
func appendAtEnd(ctx context.Context, l ledger.Ledger, stream string, entry ledger.Entry) error {
	after := uint64(0)
	for {
		_, err := l.Append(ctx, stream, after, entry)
		var conflict *ledger.ConflictError
		if !errors.As(err, &conflict) || conflict.Reused {
			return err
		}
		after = conflict.Last
	}
}
