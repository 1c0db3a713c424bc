package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
)

// ExportLine is one line of an export.
type ExportLine struct {
	Record
	// BodyText is the body as it was given, character by character, where that is
	// not the compact JSON that stands under "body". The hash is over this text.
	BodyText string `json:"body_text,omitempty"`
}

// Export writes every record as a line of JSON, stream by stream in the order of
// the names' bytes and each by number: two exports of the same records are the
// same bytes. Each chain is checked on the way. What is appended while it runs
// may be in it or not.
func Export(ctx context.Context, l Ledger, w io.Writer) error {
	heads, err := l.Heads(ctx, "")
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, head := range heads {
		records, err := l.Read(ctx, head.Stream, 1)
		if err != nil {
			return err
		}
		for _, r := range records {
			line := ExportLine{Record: r}
			if small, err := compact(r.Body); err != nil || !bytes.Equal(small, r.Body) {
				line.BodyText = string(r.Body)
			}
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// Original returns the record that a line of an export came from, with the bytes
// of its body as they were.
func (e ExportLine) Original() Record {
	r := e.Record
	if e.BodyText != "" {
		r.Body = json.RawMessage(e.BodyText)
	}
	return r
}
