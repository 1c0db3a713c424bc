package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

// defaultWidth is how wide the output is where nobody says: on no terminal, in a
// file, in a pipe.
const defaultWidth = 80

// say writes a line of data.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.stdout, format+"\n", args...)
}

// note writes a line for people, beside the data.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, format+"\n", args...)
}

// writeJSON writes one document, indented for people.
func (a *app) writeJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeLine writes one JSON object on one line.
func (a *app) writeLine(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printError writes an error in the form of Terraform: a summary, and below it
// what happened and what to do.
func (a *app) printError(err error) {
	summary, detail := err.Error(), ""
	var told *toldError
	if errors.As(err, &told) {
		summary, detail = told.summary, told.detail
	}
	var explained *operator.Error
	if errors.As(err, &explained) {
		summary, detail = explained.Summary, explained.Detail
	}
	if hint := hintFor(err); hint != "" {
		detail = strings.TrimSpace(detail + "\n" + hint)
	}
	line := "Error: " + summary
	if terminal(a.stderr) {
		line = prose.Wrapped(line, "", width(a.stderr))
	}
	fmt.Fprintln(a.stderr, a.paint(a.stderr, text.FgRed, line))
	if detail != "" {
		fmt.Fprintln(a.stderr)
		for line := range strings.Lines(detail) {
			fmt.Fprintln(a.stderr, strings.TrimRight(folded("  "+strings.TrimRight(line, "\n"), width(a.stderr)), " "))
		}
	}
}

// headings begin the paragraphs of an error; the text stands behind them in a column
// of its own.
var headings = []string{"What happened", "What serves now", "What to do", "The record", "Why", ""}

// folded breaks a line of an error, below its heading where it has one: that has 16
// columns behind the two of the margin. A command stays on one line, to be copied.
func folded(line string, width int) string {
	const margin = 18
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	for _, text := range []string{strings.TrimSpace(line), string(runes[margin:])} {
		if strings.HasPrefix(text, "sluice ") {
			return line
		}
	}
	heading := strings.TrimSpace(string(runes[:margin]))
	if !slices.Contains(headings, heading) || runes[margin-1] != ' ' {
		return prose.Wrapped(strings.TrimSpace(line), "  ", width)
	}
	rest := prose.Wrapped(string(runes[margin:]), strings.Repeat(" ", margin), width)
	return string(runes[:margin]) + rest[margin:]
}

// toldError carries the text that is shown to people beside the error it is of.
type toldError struct {
	summary, detail string
	err             error
}

func (e *toldError) Error() string { return e.summary }
func (e *toldError) Unwrap() error { return e.err }

// hintFor adds what the command line knows and the ledger does not.
func hintFor(err error) string {
	switch {
	case errors.Is(err, ledger.ErrMissing):
		return "Name another one with --ledger URL or SLUICE_LEDGER, for example sqlite:/srv/sluice/ledger.db."
	default:
		return ""
	}
}

// paint colours s where w is a terminal that wants it.
func (a *app) paint(w io.Writer, colour text.Color, s string) string {
	if !a.colourful(w) {
		return s
	}
	return colour.EscapeSeq() + s + text.Reset.EscapeSeq()
}

// colourful follows the convention of NO_COLOR: any value switches colours off.
func (a *app) colourful(w io.Writer) bool {
	return terminal(w) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}

// terminal reports whether somebody looks at w.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is how many columns w has.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n >= 40 {
			return n
		}
	}
	return defaultWidth
}

// newTable makes a table that is read without lines or colour.
func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatUpper
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(table.Row(header))
	return t
}

// indented puts two spaces before every line.
func indented(s string) string {
	return "  " + strings.ReplaceAll(s, "\n", "\n  ")
}

// unlimited is wider than any line.
const unlimited = 1 << 20

// room is how many columns a line of w has before it is clipped. Only a terminal clips:
// whoever reads a file or a pipe wants the whole line.
func room(w io.Writer) int {
	if !terminal(w) {
		return unlimited
	}
	return width(w)
}

// inCell is what stands in a table, shortened to n characters on a terminal.
func inCell(w io.Writer, s string, n int) string {
	if !terminal(w) {
		return s
	}
	return clipped(s, n)
}
