package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// each calls f with every command that people may use.
func each(cmd *cobra.Command, f func(*cobra.Command)) {
	for _, c := range cmd.Commands() {
		if c.Name() != "help" && c.Name() != "completion" {
			f(c)
			each(c, f)
		}
	}
}

// writesOnly are the commands that have nothing to read, or whose output is JSON
// anyway.
var writesOnly = []string{
	"sluice judge", "sluice hold", "sluice hold lift", "sluice quarantine",
	"sluice quarantine add", "sluice quarantine lift", "sluice ledger", "sluice contract", "sluice signal", "sluice lab serve",
	"sluice agent", "sluice override", "sluice override withdraw", "sluice notification", "sluice calendar expand", "sluice window",
}

func TestTheTreeOfCommands(t *testing.T) {
	w := newWorld(t)
	root := w.app().root()
	seen := map[string]bool{}
	each(root, func(c *cobra.Command) {
		path := c.CommandPath()
		seen[path] = true
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: its summary %q is empty or a sentence", path, c.Short)
		}
		if c.Example == "" {
			t.Errorf("%s has no example", path)
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  ") || !strings.Contains(line, "sluice ") && !strings.Contains(line, "terraform ") {
				t.Errorf("%s: the example %q is not indented, or is not of sluice", path, line)
			}
		}
		if c.Args == nil && !c.DisableFlagParsing {
			t.Errorf("%s takes any arguments", path)
		}
		reads := c.Flags().Lookup("json") != nil
		if reads == slices.Contains(writesOnly, path) {
			t.Errorf("%s: --json is %t", path, reads)
		}
		if line := fmt.Sprintf("  %-12s%s", c.Name(), c.Short); len(line) > defaultWidth {
			t.Errorf("%s: too wide in the list of commands: %s", path, line)
		}
		var help bytes.Buffer
		c.SetOut(&help)
		if err := c.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(help.String()) {
			if line = strings.TrimRight(line, "\n"); len(line) > defaultWidth && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: too wide: %s", path, line)
			}
		}
	})
	for _, name := range []string{
		"status", "history", "watch", "explain", "abort", "rollback", "wait", "continue", "resume", "agent", "gates", "hold", "hold list",
		"hold lift", "quarantine add", "quarantine lift", "quarantine list", "verify", "ledger rebind", "export",
		"lab", "lab serve", "contract test", "signal queries", "judge", "judge backtest", "version",
	} {
		if !seen["sluice "+name] {
			t.Errorf("there is no command %s", name)
		}
	}
}

func TestBadUsage(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	if err := os.WriteFile("bad.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		want []string
	}{
		"unknown command":         {[]string{"statsu"}, []string{`"statsu" is no command of sluice`, "did you mean: status?", "for example: sluice status"}},
		"nothing like it":         {[]string{"deploy"}, []string{`"deploy" is no command of sluice; it has abort, agent, calendar, continue, contract`}},
		"unknown below":           {[]string{"quarantine", "lit"}, []string{"did you mean", "lift"}},
		"group alone":             {[]string{"quarantine"}, []string{"needs one of its commands: add, lift, list"}},
		"unknown flag":            {[]string{"status", "--jsn"}, []string{"--jsn", "usage: sluice status", "for example: sluice status"}},
		"missing argument":        {[]string{"history"}, []string{"RELEASE is missing; usage: sluice history RELEASE", "sluice history checkout/production"}},
		"too many arguments":      {[]string{"status", "a/b", "c/d"}, []string{`"c/d" is an argument too many`}},
		"no slash":                {[]string{"history", "checkout"}, []string{`"checkout" does not name a release`, `for example "checkout/production"`}},
		"three slashes":           {[]string{"status", "a/b/c/d"}, []string{"does not name a release", "is not the name of a target"}},
		"no number to explain":    {[]string{"explain", "checkout/production/0"}, []string{"counted from 1", "checkout/production/3"}},
		"nothing to explain":      {[]string{"explain", "checkout"}, []string{`"checkout" does not name a release`}},
		"rollout 0":               {[]string{"history", "checkout/production", "--rollout", "0"}, []string{"counted from 1"}},
		"rollout in words":        {[]string{"history", "checkout/production", "--rollout", "last"}, []string{`"last" is no value of --rollout, which takes a whole number; usage`}},
		"gates in two forms":      {[]string{"gates", "a/b", "--json", "--markdown"}, []string{"--json and --markdown cannot be given together"}},
		"no reason to resume":     {[]string{"resume", "checkout/production"}, []string{"--reason is missing", "for example"}},
		"no reason":               {[]string{"abort", "checkout/production"}, []string{"--reason is missing", "for example"}},
		"rollback of nothing":     {[]string{"rollback", "--reason", "x"}, []string{"the release is missing"}},
		"rollback without reason": {[]string{"rollback", "checkout/production"}, []string{"--reason is missing"}},
		"spec not there":          {[]string{"rollback", "--spec", "none.json"}, []string{"--spec none.json cannot be read", "--write-spec"}},
		"spec not one":            {[]string{"rollback", "--spec", "bad.json"}, []string{"is not what sluice rollback --write-spec writes"}},
		"two specs":               {[]string{"rollback", "a/b", "--spec", "x", "--write-spec", "y"}, []string{"--spec and --write-spec cannot be given together"}},
		"timeout without unit":    {[]string{"wait", "checkout/production", "--timeout", "30"}, []string{"--timeout", "has no unit"}},
		"within negative":         {[]string{"watch", "checkout/production", "--within", "-1s"}, []string{"--within", "negative"}},
		"gates of nothing":        {[]string{"gates"}, []string{"a release or --plan FILE"}},
		"gates of both":           {[]string{"gates", "a/b", "--plan", "p.json"}, []string{"one of them only"}},
		"plan not there":          {[]string{"gates", "--plan", "p.json"}, []string{"terraform show -json"}},
		"plan not one":            {[]string{"gates", "--plan", "bad.json"}, []string{"is no plan in JSON"}},
		"scope":                   {[]string{"hold", "production", "--reason", "x"}, []string{"no kind of scope", "environment/production"}},
		"scope of a release":      {[]string{"hold", "checkout/production", "--reason", "x"}, []string{"release/checkout/production"}},
		"hold without reason":     {[]string{"hold", "all"}, []string{"--reason is missing"}},
		"hold until never":        {[]string{"hold", "all", "--reason", "x", "--until", "tomorrow"}, []string{"--until", "2026-12-01T08:00:00Z"}},
		"hold until yesterday":    {[]string{"hold", "all", "--reason", "x", "--until", "2020-01-01T00:00:00Z"}, []string{"must lie ahead"}},
		"lift without reason":     {[]string{"hold", "lift", "all"}, []string{"--reason is missing"}},
		"quarantine of unknown":   {[]string{"quarantine", "add", "checkout/production", "9.9.9", "--reason", "x"}, []string{`"9.9.9" is no artifact that checkout/production has had`, "1.0.0 (000000000000)"}},
		"anchor not there":        {[]string{"verify", "--against", "none.json"}, []string{"--against none.json cannot be read"}},
		"anchor not one":          {[]string{"verify", "--against", "bad.json"}, []string{"the anchor is not valid"}},
		"rebind without reason":   {[]string{"ledger", "rebind"}, []string{"--reason is missing"}},
		"ledger's scheme":         {[]string{"status", "--ledger", "mysql://x"}, []string{"mysql", "sqlite:PATH"}},
		"lab without artifacts":   {[]string{"lab"}, []string{"--artifacts is missing"}},
		"lab of something":        {[]string{"lab", "start"}, []string{`"start" is an argument too many; usage: sluice lab --artifacts DIR`}},
		"contract tag":            {[]string{"contract", "test", "http://127.0.0.1:1", "--a", "x:latest", "--b", "y"}, []string{"--a", "names a tag"}},
		"contract same":           {[]string{"contract", "test", "http://127.0.0.1:1", "--a", first.Reference, "--b", first.Reference}, []string{"the same artifact"}},
		"contract url":            {[]string{"contract", "test", "127.0.0.1", "--a", first.Reference, "--b", good.Reference}, []string{"url"}},
		"contract patience":       {[]string{"contract", "test", "http://127.0.0.1:1", "--a", first.Reference, "--b", good.Reference, "--patience", "1"}, []string{"--patience", "has no unit"}},
		"judge of a file":         {[]string{"judge", "counts.jsonl"}, []string{`"counts.jsonl" is no command of sluice judge`, "backtest"}},
		"judge alpha":             {[]string{"judge", "--critical", "errors", "--alpha-harm", "2"}, []string{"--alpha-harm is 2", "for example 0.01"}},
		"judge weight":            {[]string{"judge", "--weight", "101"}, []string{"--weight is 101"}},
		"judge without input":     {[]string{"judge"}, []string{"there is not a single line"}},
		"judge strategy":          {[]string{"judge", "--strategy", "none"}, []string{"neither a file nor a strategy"}},
		"judge strategy file":     {[]string{"judge", "--strategy", "bad.json"}, []string{"is no definition of a strategy"}},
		"backtest of nothing":     {[]string{"judge", "backtest", "none.jsonl"}, []string{"the traffic cannot be read"}},
		"backtest weight":         {[]string{"judge", "backtest", "-", "--weight", "0"}, []string{"weight is 0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.expect(BadUsage, test.args...)
			contains(t, r.errors, append([]string{"Error: "}, test.want...)...)
			if r.out != "" {
				t.Errorf("it wrote data: %s", r.out)
			}
			if strings.Contains(r.errors, "strconv") || strings.Contains(r.errors, "arg(s)") ||
				strings.Contains(r.errors, "panic") || strings.Contains(r.errors, "%!") {
				t.Error(r.errors)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	tests := map[string]struct {
		err  error
		want int
	}{
		"done":         {nil, Done},
		"any":          {errors.New("x"), Failed},
		"own":          {fmt.Errorf("y: %w", badInput("x")), BadUsage},
		"told":         {&toldError{err: &release.BlockedError{Results: []gate.Result{}}}, Blocked},
		"blocked":      {fmt.Errorf("x: %w", &release.BlockedError{}), Blocked},
		"rolled back":  {&release.EndedError{Outcome: release.Outcome{Result: release.WentBack}}, RolledBack},
		"aborted":      {&release.EndedError{Outcome: release.Outcome{Result: release.Stopped}}, Failed},
		"errored":      {&release.EndedError{Outcome: release.Outcome{Result: release.Broke}}, Failed},
		"counts":       {&judge.LineError{Line: 1, Err: judge.ErrInput}, BadUsage},
		"parameters":   {&judge.InvalidError{}, BadUsage},
		"ledger's URL": {fmt.Errorf("%w: x", ledgers.ErrURL), BadUsage},
		"in CI":        {fmt.Errorf("%w: x", ledgers.ErrImplicit), BadUsage},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ExitCode(test.err); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}

// The usage is written in Go and not by cobra's template, and reads the same.
func TestTheUsageIsThatOfCobrasTemplate(t *testing.T) {
	w := newWorld(t)
	root := w.app().root()
	ours := map[string]string{}
	each(root, func(c *cobra.Command) {
		c.InitDefaultHelpFlag() // As a command has it that is called with --help.
		_ = c.LocalFlags()      // Takes the parents' flags over, once.
		ours[c.CommandPath()] = c.UsageString()
	})
	root.SetUsageFunc(nil)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", defaultWidth)))
	each(root, func(c *cobra.Command) {
		if diff := cmp.Diff(c.UsageString(), ours[c.CommandPath()]); diff != "" {
			t.Errorf("%s (-cobra's +ours):\n%s", c.CommandPath(), diff)
		}
	})
	if len(ours) < 40 {
		t.Errorf("only %d commands were compared", len(ours))
	}
}
