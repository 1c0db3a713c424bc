package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"
)

// width is how wide the story is told where nobody says, in columns.
const width = 80

// printer tells the story. On a terminal it has colour and a bar that moves;
// elsewhere, as in CI, only lines. It is safe for concurrent use.
type printer struct {
	mu       sync.Mutex
	to       io.Writer
	terminal bool
	// bar is true while an unfinished line stands at the bottom.
	bar bool
}

func newPrinter(to io.Writer, terminal bool) *printer { return &printer{to: to, terminal: terminal} }

// columns is how many a line of the story may take.
func (p *printer) columns() int { return min(p.room(), width) }

// room is how many columns there are: a terminal's, and otherwise what programs
// that write 80 columns need behind a rule.
func (p *printer) room() int {
	if f, ok := p.to.(*os.File); ok && p.terminal {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 20 {
			return w
		}
	}
	return width + len("  | ")
}

// lines writes whole lines, and lets a bar that stands there go.
func (p *printer) lines(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.to, strings.TrimRight(text, "\n"))
}

func (p *printer) clear() {
	if p.bar {
		fmt.Fprint(p.to, "\r\x1b[K")
		p.bar = false
	}
}

// paint colours text on a terminal that wants it.
func (p *printer) paint(code, text string) string {
	if !p.terminal || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// title begins the story.
func (p *printer) title(text string) { p.lines("\n" + p.paint("1", text)) }

// chapter begins one of its six parts.
func (p *printer) chapter(number int, title string) {
	head := fmt.Sprintf("%d of 6  %s", number, title)
	p.lines("\n\n" + p.paint("1", head) + "\n" + p.paint("1", strings.Repeat("=", len([]rune(head)))))
}

// say tells something in plain sentences.
func (p *printer) say(text string) { p.lines("\n" + wrap(text, p.columns())) }

// command shows what is typed.
func (p *printer) command(text string) { p.lines("\n" + p.paint("1", "  $ "+text)) }

// excerpt shows what a program said, behind a rule. Long lines are broken between
// words and go on below the column where their text began.
func (p *printer) excerpt(text string) {
	rule := p.paint("2", "  | ")
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		for part := range strings.SplitSeq(hang(strings.TrimRight(line, " \n"), p.room()-4), "\n") {
			b.WriteString(strings.TrimRight(rule+part, " ") + "\n")
		}
	}
	if b.Len() > 0 {
		p.lines(b.String())
	}
}

// textColumn finds where the text of a line begins: behind the last gap of two
// spaces or more among its first 30 columns.
var textColumn = regexp.MustCompile(`^.{0,28}  `)

// hang breaks a line that is too long, and indents what follows.
func hang(line string, columns int) string {
	if len([]rune(line)) <= columns {
		return line
	}
	head := textColumn.FindString(line)
	body := wrap(line[len(head):], max(columns-len([]rune(head)), 20))
	return head + strings.ReplaceAll(body, "\n", "\n"+strings.Repeat(" ", len([]rune(head))))
}

// step shows one line of a rollout that goes on.
func (p *printer) step(text string) { p.lines("  " + text) }

// progress shows where a rollout stands: in place on a terminal, as a line elsewhere.
func (p *printer) progress(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.terminal {
		fmt.Fprintln(p.to, "  "+text)
		return
	}
	fmt.Fprint(p.to, "\r  "+text+"\x1b[K")
	p.bar = true
}

// ok says that something came out as told.
func (p *printer) ok(told string) {
	p.lines(indent(p.paint("32", "ok")+"  ", wrap(told, p.columns()-6)))
}

// end says that everything did.
func (p *printer) end(text string) { p.lines("\n\n" + p.paint("1;32", text)) }

// failure says what did not, with the last words of a program.
func (p *printer) failure(text, output string) {
	p.lines("\n" + p.paint("1;31", "FAILED") + "  " + text)
	if output != "" {
		p.lines("\nThe program said:")
		p.excerpt(output)
	}
}

// indent puts text behind a mark, and its further lines below it.
func indent(mark, text string) string {
	return "  " + mark + strings.ReplaceAll(text, "\n", "\n      ")
}

// wrap breaks lines between words. Lines of the text that end in a line feed stay
// apart.
func wrap(text string, columns int) string {
	var out []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > columns {
				out, line = append(out, line), ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
