package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// namedTest is a test that the guide names, as `folder.TestName`.
	namedTest = regexp.MustCompile("`((?:internal|test)/[a-z0-9/]+)\\.(Test[A-Za-z0-9_]+)`")
	// namedCase is a case of the ledgers' suite that the guide names.
	namedCase = regexp.MustCompile(`"([^"\n]+)"`)
)

// suite is the folder of the suite that runs against every ledger.
const suite = "internal/ledger/ledgertest"

// guarantees are the lines of the tables that say by what each is held.
func guarantees(text string) (what, held []string) {
	table := false
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case len(cells) != 5:
			table = false
		case strings.TrimSpace(cells[3]) == "held by":
			table = true
		case table && cells[1] != "---":
			what, held = append(what, strings.TrimSpace(cells[1])), append(held, cells[3])
		}
	}
	return what, held
}

// lacking lists what a guide of guarantees names and what does not exist, and the
// guarantees that no test holds.
func lacking(t *testing.T, text string) (missing []string) {
	t.Helper()
	cases := sources(t, suite, "*.go")
	what, held := guarantees(text)
	for i := range what {
		for _, n := range namedTest.FindAllStringSubmatch(held[i], -1) {
			if !strings.Contains(sources(t, n[1], "*_test.go"), "func "+n[2]+"(t *testing.T)") {
				missing = append(missing, what[i]+": "+n[1]+"."+n[2])
			}
		}
		for _, q := range namedCase.FindAllStringSubmatch(held[i], -1) {
			if !strings.Contains(cases, `{"`+q[1]+`", func(s *suite)`) {
				missing = append(missing, what[i]+": the case "+q[1])
			}
		}
		left := strings.Trim(namedCase.ReplaceAllString(namedTest.ReplaceAllString(held[i], ""), ""), " ,")
		if left != "" || strings.TrimSpace(held[i]) == "" {
			missing = append(missing, what[i]+": no test is called "+left)
		}
	}
	return missing
}

// sources is the text of the files of a folder of the project.
func sources(t *testing.T, folder, files string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, folder, files))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

// TestEachGuaranteeIsHeldByTestsThatExist fails when the guide names a test that is not
// there any more.
func TestEachGuaranteeIsHeldByTestsThatExist(t *testing.T) {
	text := guide(t, "guarantees")
	for _, m := range lacking(t, text) {
		t.Errorf("%s does not exist", m)
	}
	// The words that must not go away.
	what, _ := guarantees(text)
	for _, word := range []string{"durability", "atomicity", "order", "linearizability", "idempotence", "fencing", "the way back"} {
		if !slices.Contains(what, word) {
			t.Errorf("nothing is said of %s", word)
		}
	}
	// What is gone is found.
	for from, to := range map[string]string{
		"TestPausedWriter`":               "TestPausedReader`",
		"internal/ledger/s3.TestReply":    "internal/ledger/s4.TestReply",
		`"a repeated append returns what`: `"a repeated append forgets what`,
		"`test/e2e.TestADriver":           "test/e2e.TestADriver",
	} {
		if missing := lacking(t, strings.Replace(text, from, to, 1)); len(missing) == 0 || !strings.Contains(text, from) {
			t.Errorf("%s in the place of %s is not found", to, from)
		}
	}
	// Each driver runs the suite.
	for _, driver := range []string{"sqlite", "postgres", "s3", "mem"} {
		if all := sources(t, "internal/ledger/"+driver, "*_test.go"); !strings.Contains(all, "ledgertest.Run(t, ") {
			t.Errorf("internal/ledger/%s does not run %s", driver, suite)
		}
	}
}
