package drift

import (
	"fmt"
	"strings"
)

// Markdown gives the summary and, where something differs, a table below it, for a
// pull request or a ticket.
func (r Report) Markdown() string {
	var b strings.Builder
	b.WriteString(cell(r.Summary()) + "\n")
	if len(r.Differences)+len(r.Ignored)+len(r.Accepted) == 0 {
		return b.String()
	}
	b.WriteString("\n| path | severity | expected | observed | |\n|---|---|---|---|---|\n")
	for _, f := range r.Differences {
		row(&b, f, f.Note)
	}
	for _, i := range r.Ignored {
		row(&b, i.Finding, fmt.Sprintf("ignored until %s: %s", i.Expires.UTC().Format("2006-01-02 15:04Z"), i.Reason))
	}
	for _, a := range r.Accepted {
		row(&b, a.Finding, "accepted: "+a.Reason)
	}
	return b.String()
}

func row(b *strings.Builder, f Finding, note string) {
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", cell(f.Path), f.Severity, cell(labelled(f.Expected, f.ExpectedVersion)), cell(labelled(f.Observed, f.ObservedVersion)), cell(note))
}

// cell keeps text from breaking out of its row, and from being taken for HTML.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "`", "'", "<", "&lt;").Replace(text)
}
