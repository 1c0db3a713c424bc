package main

import (
	"regexp"
	"slices"
	"strings"
)

var (
	colour     = regexp.MustCompile("\x1b\\[[0-9;]*m")
	longDigest = regexp.MustCompile(`sha256:([0-9a-f]{12})[0-9a-f]{52}`)
)

// plainText takes the colours out of what a program wrote.
func plainText(text string) string {
	return colour.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "")
}

// shortened keeps twelve digits of a digest, so that lines fit.
func shortened(text string) string { return longDigest.ReplaceAllString(text, "sha256:$1...") }

// boxes returns Terraform's warnings and errors, each without its frame, by their
// first words: "Warning" or "Error".
func boxes(text, kind string) []string {
	var found []string
	var box []string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		switch {
		case line == "╷":
			inside, box = true, nil
		case line == "╵":
			if len(box) > 0 && strings.HasPrefix(box[0], kind+":") {
				found = append(found, strings.TrimSpace(strings.Join(box, "\n")))
			}
			inside = false
		case inside:
			box = append(box, strings.TrimPrefix(strings.TrimPrefix(line, "│"), " "))
		}
	}
	return found
}

// change returns what a plan says of one object, from its heading to the brace
// that closes it; empty when the plan does not speak of it.
func change(text, address string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if len(lines) == 0 && !strings.HasPrefix(line, "  # "+address+" ") {
			continue
		}
		lines = append(lines, line)
		if line == "    }" {
			return strings.Join(lines, "\n")
		}
	}
	return ""
}

var attribute = regexp.MustCompile(`^      [-+~ ] ([a-z_]+) +=`)

// only keeps the named attributes of a change, and says that others were left out.
func only(diff string, names ...string) string {
	var lines []string
	keep, left := true, false
	for line := range strings.Lines(diff) {
		line = strings.TrimRight(line, " \n")
		switch m := attribute.FindStringSubmatch(line); {
		case m != nil:
			keep = slices.Contains(names, m[1])
		case strings.HasPrefix(strings.TrimSpace(line), "# (") || line == "    }":
			keep = true
		}
		if keep {
			lines = append(lines, line)
		}
		left = left || !keep
	}
	if left && len(lines) > 0 {
		last := len(lines) - 1
		lines = slices.Insert(lines, last, "        # (and what only the rollout will tell)")
	}
	return strings.Join(lines, "\n")
}

// ended returns the line with which an apply ends.
func ended(text string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "Apply complete!") {
			return strings.TrimRight(line, " \n")
		}
	}
	return ""
}

// summary returns the line that counts a plan's changes.
func summary(text string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "Plan: ") || strings.HasPrefix(line, "No changes.") {
			return strings.TrimRight(line, " \n")
		}
	}
	return ""
}

// containsAll returns the first of the parts that the text lacks, empty when it
// has them all. Space counts as space, however it is broken into lines.
func containsAll(text string, parts ...string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, part := range parts {
		if !strings.Contains(text, strings.Join(strings.Fields(part), " ")) {
			return part
		}
	}
	return ""
}
