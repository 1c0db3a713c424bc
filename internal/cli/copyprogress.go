package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
)

// How often progress is shown: on a terminal, and as lines in a log.
const (
	onTerminal = 200 * time.Millisecond
	inLog      = 10 * time.Second
)

// copyShown shows how far a copy is: on a terminal one line that changes, elsewhere a
// line now and then. JSON is for programs, which see the end.
type copyShown struct {
	app     *app
	live    bool
	began   time.Time
	shown   time.Time
	stage   copying.Stage
	written bool
}

func (a *app) copyProgress() *copyShown {
	return &copyShown{app: a, live: terminal(a.stderr)}
}

func (s *copyShown) show(p copying.Progress) {
	now := s.app.clock.Now()
	if p.Stage != s.stage {
		s.stage, s.began, s.shown = p.Stage, now, time.Time{}
	}
	pause := inLog
	if s.live {
		pause = onTerminal
	}
	if now.Sub(s.shown) < pause && !s.shown.IsZero() {
		return
	}
	s.shown = now
	line := progressText(p, now.Sub(s.began))
	if !s.live {
		s.app.note("%s", line)
		return
	}
	s.written = true
	fmt.Fprintf(s.app.stderr, "\r%s\x1b[K", clipped(line, width(s.app.stderr)-1))
}

// end leaves the line that changes.
func (s *copyShown) end() {
	if s.written {
		fmt.Fprintln(s.app.stderr)
	}
}

// progressText is, after the time that the stage has taken so far:
//
//	[=========>-----------------------]  25 %  copying 1,200 of 4,800 records  ~11 min
func progressText(p copying.Progress, took time.Duration) string {
	if p.Total == 0 {
		return string(p.Stage)
	}
	share := float64(p.Done) / float64(p.Total)
	what := "records"
	if p.Stage == copying.Verifying {
		what = "streams"
	}
	parts := []string{
		fmt.Sprintf("%s  %2.0f %%", bar(100*share, barWidth, false), 100*share),
		fmt.Sprintf("%s %s of %s %s", p.Stage, humanize.Comma(int64(p.Done)), humanize.Comma(int64(p.Total)), what),
	}
	if left := time.Duration(float64(took) * (1 - share) / max(share, 1e-9)); share > 0.02 && left >= time.Second {
		parts = append(parts, about(left))
	}
	return strings.Join(parts, "  ")
}
