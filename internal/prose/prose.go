// Package prose lays text for people out in lines: what Terraform prints as a
// diagnostic and what the command line prints come out of the same hand.
package prose

import (
	"regexp"
	"strings"

	"github.com/mitchellh/go-wordwrap"
)

// Width is how many columns a line of a diagnostic may have. Terraform puts two
// before each line, and takes a terminal to have 80.
const Width = 78

// nbsp is a space at which no line is broken.
const nbsp = "\u00a0"

// command is one to be copied, up to what ends it in a sentence.
var command = regexp.MustCompile(`\b(?:sluice|terraform) [a-z-]+(?: [^;,\n]+)?`)

// Wrapped breaks a text into lines of at most width columns, each behind indent.
// A number stays with its percent sign and a command in one piece, even where it is
// longer than a line.
func Wrapped(s, indent string, width int) string {
	s = strings.NewReplacer("\n", " ", " %", nbsp+"%").Replace(s)
	s = command.ReplaceAllStringFunc(s, func(c string) string { return strings.ReplaceAll(c, " ", nbsp) })
	limit := uint(max(width-len(indent), 20)) //nolint:gosec // At least 20.
	lines := strings.Split(wordwrap.WrapString(s, limit), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(indent+strings.ReplaceAll(line, nbsp, " "), " ")
	}
	return strings.Join(lines, "\n")
}

// Column writes a text of one or more lines behind a heading, in a column of its
// own that begins after margin columns.
func Column(heading, text string, margin, width int) string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		lines = append(lines, Wrapped(paragraph, strings.Repeat(" ", margin), width))
	}
	column := strings.Join(lines, "\n")
	if len(column) < margin {
		return strings.TrimRight(heading, " ")
	}
	padding := max(margin-len([]rune(heading)), 1)
	return heading + strings.Repeat(" ", padding) + column[margin:]
}

// Indented puts indent before every line, so that Terraform prints them as they
// are; it wraps those that begin without a space.
func Indented(text, indent string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = indent + line
		}
	}
	return strings.Join(lines, "\n")
}
