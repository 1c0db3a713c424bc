package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// fileSink appends events to a file, each as a line, all of a batch with one write and
// one sync. It opens the file for each batch, so that it can be renamed at any time and
// a new one begins: rotating it is logrotate's, which does it well.
type fileSink struct{ path string }

func (s *fileSink) close() {}

func (s *fileSink) send(ctx context.Context, events []Event) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var lines bytes.Buffer
	for _, e := range events {
		line, err := e.Line()
		if err != nil {
			return 0, err
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	// A pipe would block whoever opens it, and a folder takes no lines.
	if info, err := os.Stat(s.path); err == nil && !info.Mode().IsRegular() && info.Mode()&os.ModeCharDevice == 0 {
		return 0, fmt.Errorf("%s is neither a file nor a device that takes lines", s.path)
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o640)
	if errors.Is(err, os.ErrPermission) {
		f, err = os.OpenFile(s.path, os.O_APPEND|os.O_WRONLY, 0)
	}
	if err != nil {
		return 0, err
	}
	if err := appendLines(f, lines.Bytes()); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	return len(events), nil
}

// appendLines appends lines and syncs them. A line that a crash or a full disk cut short
// stays by itself: what follows begins on a new line.
func appendLines(f *os.File, lines []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		_, err := f.Write(lines)
		return err
	}
	if size := info.Size(); size > 0 {
		end := make([]byte, 1)
		if _, err := f.ReadAt(end, size-1); err == nil && end[0] != '\n' {
			lines = append([]byte{'\n'}, lines...)
		} else if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	if _, err := f.Write(lines); err != nil {
		return err
	}
	return f.Sync()
}
