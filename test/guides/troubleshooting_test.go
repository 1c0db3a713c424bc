package guides

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// isOutput finds the titles of golden texts that are an object's output and no message.
var isOutput = regexp.MustCompile(`^(the example: |the picture$)`)

// goldens lists the golden messages of the whole project: messages.txt of the
// provider, and for what those leave out the command line's.
func goldens(t *testing.T) (provider, all []string) {
	t.Helper()
	heading := regexp.MustCompile(`(?m)^=== `)
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(filepath.Dir(path)) != "testdata" || filepath.Ext(path) != ".txt" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, part := range heading.Split(string(raw), -1) {
			title, text, _ := strings.Cut(part, "\n")
			if filepath.Base(path) != "messages.txt" {
				text = part
			}
			for _, message := range strings.Split(strings.TrimSpace(text), "\n\n") {
				message = strings.TrimPrefix(message, "Error: ")
				all = append(all, message)
				if filepath.Base(path) == "messages.txt" && message != "" && !isOutput.MatchString(title) {
					provider = append(provider, message)
				}
			}
		}
		return nil
	})
	if err != nil || len(provider) < 100 {
		t.Fatalf("%v, %d golden messages", err, len(provider))
	}
	return provider, all
}

// entry is a line of the guide that stands for messages: … is any text.
type entry struct {
	text string
	is   *regexp.Regexp
}

func entries(t *testing.T) []entry {
	t.Helper()
	var list []entry
	for _, lines := range blocks(guide(t, "troubleshooting"), "text") {
		for line := range strings.Lines(lines) {
			line = strings.TrimSpace(line)
			if len(strings.ReplaceAll(line, "…", "")) < 9 {
				t.Errorf("%q says too little to be found by", line)
			}
			list = append(list, entry{line, regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `$`)})
		}
	}
	return list
}

// keys are the lines by which a reader looks for a message: its summary, and what is
// wrong where the summary only says what kind of thing it is.
func keys(message string) []string {
	lines := strings.SplitN(message, "\n", 3)
	if strings.HasPrefix(lines[0], "Invalid ") && len(lines) > 1 {
		return lines[:2]
	}
	return lines[:1]
}

func TestEachMessageIsInTheGuide(t *testing.T) {
	provider, all := goldens(t)
	list := entries(t)
	found := func(key string) bool {
		return slices.ContainsFunc(list, func(e entry) bool { return e.is.MatchString(key) })
	}
	for _, message := range provider {
		for _, key := range keys(message) {
			if !found(key) {
				t.Errorf("templates/guides/troubleshooting.md has no entry for %q", key)
			}
		}
	}
	for _, e := range list {
		if !slices.ContainsFunc(all, func(message string) bool { return slices.ContainsFunc(keys(message), e.is.MatchString) }) {
			t.Errorf("no message is %q any more", e.text)
		}
	}
}
