package notify

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func noBeat(context.Context) error { return nil }

// lines reads the events of a file, and how many lines are none.
func lines(t *testing.T, path string) (ids []string, broken int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // It was only read.
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		var e Event
		if json.Unmarshal(scanner.Bytes(), &e) != nil {
			broken++
			continue
		}
		ids = append(ids, e.ID)
	}
	return ids, broken
}

func idsOf(events []Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

func TestAFileGetsALineForEachEvent(t *testing.T) {
	w := newWorld(t)
	w.ship("checkout/production", 1)
	events := w.all()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	s := &fileSink{path: path}
	for _, batch := range [][]Event{events[:1], events[1:]} {
		if n, err := s.send(t.Context(), batch); n != len(batch) || err != nil {
			t.Fatal(n, err)
		}
	}
	ids, broken := lines(t, path)
	if diff := cmp.Diff(idsOf(events), ids); diff != "" || broken > 0 {
		t.Error(broken, diff)
	}
}

// TestALineThatWasCutShortSpoilsNoOther is a crash in mid-write, and logrotate.
func TestALineThatWasCutShortSpoilsNoOther(t *testing.T) {
	w := newWorld(t)
	w.ship("checkout/production", 1)
	events := w.all()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(`{"specversion":"1.0","id":"`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &fileSink{path: path}
	if _, err := s.send(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if ids, broken := lines(t, path); len(ids) != len(events) || broken != 1 {
		t.Errorf("%d events and %d broken lines", len(ids), broken)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.send(t.Context(), events[:1]); err != nil {
		t.Fatal(err)
	}
	if ids, _ := lines(t, path); len(ids) != 1 {
		t.Errorf("the new file has %d events", len(ids))
	}
}

func TestAFileThatCannotBeWrittenToTakesNothing(t *testing.T) {
	w := newWorld(t)
	w.ship("checkout/production", 1)
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/dev/full":                      "no space left",
		pipe:                             "neither a file nor a device",
		dir:                              "neither a file nor a device",
		filepath.Join(dir, "none", "ev"): "no such file",
	} {
		n, err := (&fileSink{path: path}).send(t.Context(), w.all())
		if n != 0 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d %v", path, n, err)
		}
	}
}
