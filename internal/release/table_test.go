package release

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// adr is where the table is written down for people.
const adr = "../../docs/adr/0021-engine-state-table.md"

var update = flag.Bool("update", false, "write the state table into its decision record")

const (
	tableBegin = "<!-- table: go test ./internal/release -run TestTableIsTheOneInTheRecord -update -->"
	tableEnd   = "<!-- end of table -->"
)

func tableLines() []string {
	lines := []string{"| state | event | command | next state |", "|---|---|---|---|"}
	for _, s := range States() {
		var events []string
		for e := range table[s] {
			events = append(events, string(e))
		}
		slices.Sort(events)
		for _, e := range events {
			cell := table[s][Event(e)]
			lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |", s, e, cell.action, cell.next))
		}
	}
	return lines
}

func TestTableIsTheOneInTheRecord(t *testing.T) {
	raw, err := os.ReadFile(adr)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), tableBegin+"\n")
	recorded, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no table between its marks", adr)
	}
	if *update {
		text := before + tableBegin + "\n" + strings.Join(tableLines(), "\n") + "\n" + tableEnd + after
		if err := os.WriteFile(adr, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	var got []string
	lines := bufio.NewScanner(strings.NewReader(recorded))
	for lines.Scan() {
		got = append(got, lines.Text())
	}
	if diff := cmp.Diff(tableLines(), got); diff != "" {
		t.Errorf("the state table in code (-) and in %s (+) differ:\n%s", adr, diff)
	}
}

func TestEveryStateIsInTheTable(t *testing.T) {
	for _, s := range States() {
		if len(table[s]) == 0 {
			t.Errorf("state %s has no row", s)
		}
	}
	if len(table) != len(States()) {
		t.Errorf("the table has %d states, States() has %d", len(table), len(States()))
	}
}

func TestNoForwardEffectOnTheWayBack(t *testing.T) {
	forward := []Action{ActPrepare, ActApply, ActComplete}
	for _, s := range States() {
		for event, cell := range table[s] {
			if (s.GoingBack() || s.Final()) && slices.Contains(forward, cell.action) {
				t.Errorf("%s on %s does %s, which goes forward", s, event, cell.action)
			}
			if s.GoingBack() && !cell.next.GoingBack() && cell.next != RolledBack && cell.next != Aborted && cell.next != Errored {
				t.Errorf("%s on %s leads to %s, which goes forward", s, event, cell.next)
			}
			if s.Final() && cell.next != s {
				t.Errorf("final state %s on %s leads to %s", s, event, cell.next)
			}
		}
	}
}

func TestOnlyMovesChangeTheState(t *testing.T) {
	for _, s := range States() {
		for event, cell := range table[s] {
			if (cell.action == ActMove) != (cell.next != s) {
				t.Errorf("%s on %s does %s and leads to %s", s, event, cell.action, cell.next)
			}
		}
	}
}

func TestAnAbortComesFirstInEveryForwardState(t *testing.T) {
	for _, s := range States() {
		if s.Final() || s.GoingBack() {
			continue
		}
		if got := table[s][EventAbortRequested]; got != (rule{ActMove, Aborting}) {
			t.Errorf("%s on an abort: %+v", s, got)
		}
	}
}
