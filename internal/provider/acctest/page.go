package acctest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What differs from one time to the next in what Terraform shows.
var (
	when   = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\dZ`)
	author = regexp.MustCompile(`\bby \S+@?\S*`)
	took   = regexp.MustCompile(`\d+(\.\d+)?(ms|s|m)\b`)
	number = regexp.MustCompile(`\d+`)
)

// alike makes one of lines that differ in times, people and numbers alone.
func alike(line string) string {
	line = when.ReplaceAllString(strings.TrimSpace(line), "WHEN")
	line = author.ReplaceAllString(line, "by WHO")
	line = took.ReplaceAllString(line, "TIME")
	return strings.Join(strings.Fields(number.ReplaceAllString(line, "N")), " ")
}

// ShowsWhatIsSeen wants each line of a file of the documentation among those that a
// Terraform has printed, whatever the times, the people and the numbers.
func ShowsWhatIsSeen(t testing.TB, file, printed string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(printed, "\n") {
		seen[alike(line)] = true
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n") {
		if !seen[alike(line)] {
			t.Errorf("%s shows what Terraform does not:\n  %s\nIt printed:\n%s", file, line, printed)
		}
	}
}
