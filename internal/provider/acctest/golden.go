package acctest

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden messages anew")

// goldens is one file of messages, by name.
var goldens sync.Mutex

const (
	heading    = "=== "
	goldenFile = "messages.txt"
)

// Golden compares a message with the one of that name in testdata/messages.txt of
// the package under test, where people read all of them in one place. It may be
// called by tests that run in parallel.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	goldens.Lock()
	defer goldens.Unlock()
	file := filepath.Join("testdata", goldenFile)
	raw, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	all := sections(string(raw))
	got = strings.TrimSpace(got)
	if *update {
		all[name] = got
		if err := os.WriteFile(file, []byte(together(all)), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(all[name], got); diff != "" {
		t.Errorf("the message %q (-want +got; write it anew with -update):\n%s", name, diff)
	}
}

func sections(text string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq("\n"+text, "\n"+heading) {
		if name, body, ok := strings.Cut(part, "\n"); ok && name != "" {
			out[name] = strings.TrimSpace(body)
		}
	}
	return out
}

func together(all map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.WriteString(heading + name + "\n" + all[name] + "\n\n")
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// What differs from run to run, and what stands for it in a golden message.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`sha256:(?:[0-9a-f]{64}|[0-9a-f]{12}\.\.\.)`), "sha256:DIGEST"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "HOST:PORT"},
	{regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?Z`), "DATE"},
	{regexp.MustCompile(`[0-9]{2}:[0-9]{2}:[0-9]{2}Z`), "TIME"},
	// Where a PostgreSQL of the tests listens, and how a store numbers its answers.
	{regexp.MustCompile(`[^\s:=(]*sluice-pg-[0-9]+`), "SOCKET"},
	{regexp.MustCompile(`\.s\.PGSQL\.[0-9]+`), ".s.PGSQL.PORT"},
	{regexp.MustCompile(`RequestID: [^,]*, HostID: [^,]*,`), "RequestID: ID, HostID: ID,"},
	// How many looks a rollout took.
	{regexp.MustCompile(`(record release/[a-z0-9/-]+#)[0-9]+`), "${1}NUMBER"},
	{regexp.MustCompile(`(the stream ends at )[0-9]+`), "${1}NUMBER"},
}

// Golden compares the diagnostics of a severity, in the order of their summaries,
// with the golden message of that name.
func (tf *Terraform) Golden(name string, result Result, severity string) {
	tf.t.Helper()
	var texts []string
	for _, d := range result.Of(severity) {
		texts = append(texts, d.Summary+"\n"+d.Detail)
	}
	slices.Sort(texts)
	Golden(tf.t, name, tf.Steady(strings.Join(slices.Compact(texts), "\n\n")))
}

// Steady writes placeholders for what differs from run to run.
func (tf *Terraform) Steady(text string) string {
	return Steady(strings.ReplaceAll(text, tf.Dir, "DIR"))
}

// Steady is the method of that name where there is no folder.
func Steady(text string) string {
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.by)
	}
	return text
}
