package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Recording keeps the lines of many recorders of one process, in the order in which
// they happened. The zero value is ready for use, by any number of goroutines.
type Recording struct {
	mu    sync.Mutex
	at    int64
	lines []Line
}

// Recorder returns a recorder of what client asks of l.
func (r *Recording) Recorder(l ledger.Ledger, client string) *Recorder {
	return &Recorder{Ledger: l, Client: client, Now: func() int64 { return 0 }, Note: r.note}
}

// note gives each line the next instant: of a call before it is made, of a reply after
// it came.
func (r *Recording) note(l Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at++
	l.At = r.at
	r.lines = append(r.lines, l)
}

// Ops returns the operations so far. Those without a reply by now are open.
func (r *Recording) Ops() ([]Op, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Join(r.lines)
}

// Writer returns a Note that writes each line as JSON, in one write: what was written
// outlives the process.
func Writer(w io.Writer, failed func(error)) func(Line) {
	var mu sync.Mutex
	return func(l Line) {
		raw, err := json.Marshal(l)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			_, err = w.Write(append(raw, '\n'))
		}
		if err != nil {
			failed(err)
		}
	}
}

// ReadLines reads what a Writer wrote. A last line that its process did not live to
// finish is left out: the call it would have begun was not made, and one whose reply
// it would have been stays open.
func ReadLines(r io.Reader) ([]Line, error) {
	var lines []Line
	in := bufio.NewReader(r)
	for {
		raw, err := in.ReadBytes('\n')
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		var l Line
		if err := json.Unmarshal(bytes.TrimSpace(raw), &l); err != nil {
			return nil, fmt.Errorf("line %d of a recording: %w", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
}
