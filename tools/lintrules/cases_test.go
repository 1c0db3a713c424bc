package lintrules

// imports is a file that does nothing but import the given path.
func imports(path string) string { return "import _ \"" + path + "\"\n" }

// uses is a file whose one function has the given statement.
func uses(pkg, statement string) string {
	return "import \"" + pkg + "\"\n\n// NAME breaks a rule.\nfunc NAME() { " + statement + " }\n\nvar _ = NAME\n"
}

func cases() []lintCase {
	const depguard, forbidigo = "depguard", "forbidigo"
	all := []lintCase{
		// Drivers and the lab.
		{"internal/target/contract/bad_provider.go", imports(module + "/internal/provider"), depguard, "drivers do not know the provider"},
		{"internal/signal/openmetrics/bad_cli.go", imports(module + "/internal/cli"), depguard, "drivers do not know the command line"},
		{"internal/ledger/sqlite/bad_terraform.go", imports(stubs[0]), depguard, "a driver serves the agent"},
		{"internal/lab/bad_provider.go", imports(module + "/internal/provider"), depguard, "must not share its code"},
		{"internal/ledger/sqlite/good_database.go", imports("modernc.org/sqlite"), "", ""},

		// A test of the core may use a ledger, but no Terraform.
		{"internal/release/bad_layer_test.go", imports(stubs[0]), depguard, "tests the wrong layer"},
		{"internal/release/good_layer_test.go", imports(module + "/internal/ledger/sqlite"), "", ""},
		{"internal/release/good_port.go", imports(module + "/internal/ledger"), "", ""},

		// Chance, and what is kept out everywhere.
		{"internal/release/bad_chance.go", imports("math/rand/v2"), depguard, "leaves nothing to chance"},
		{"internal/lab/good_chance.go", imports("math/rand/v2"), "", ""},
		{"internal/signal/signaltest/good_chance.go", imports("math/rand/v2"), "", ""},
		{"internal/release/good_chance_test.go", imports("math/rand"), "", ""},
		{"internal/provider/bad_sdk.go", imports(stubs[1]), depguard, "terraform-plugin-framework alone"},
		{"internal/provider/bad_testify_test.go", imports("github.com/stretchr/testify"), depguard, "go-cmp"},

		// Where the clock may be read, and where not.
		{"internal/clock/good_clock.go", uses("time", "time.Sleep(time.Until(time.Now()))"), "", ""},
		{"internal/release/good_deadline_test.go", uses("time", "_ = time.Now()"), "", ""},
		{"internal/release/bad_sleep_test.go", uses("time", "time.Sleep(1)"), forbidigo, "on a channel"},
		{"test/demo/good_demo.go", uses("time", "time.Sleep(time.Second)"), "", ""},
		{"internal/lab/bad_alias.go", "import clk \"time\"\n\nvar _ = clk.Now\n", forbidigo, "injected clock.Clock"},

		// Who may print.
		{"internal/release/bad_print.go", uses("fmt", "fmt.Println()"), forbidigo, "belongs to the command line"},
		{"internal/cli/good_print.go", uses("fmt", "fmt.Println()"), "", ""},
		{"internal/release/bad_builtin.go", "var _ = func() { println() }\n", forbidigo, "built-in"},

		// The rest.
		{"internal/target/contract/bad_init.go", "func init() {}\n", "gochecknoinits", "init"},
		{"internal/release/bad_errcheck.go", uses("os", "os.Remove(\"\")"), "errcheck", "not checked"},
		{"internal/release/bad_assertion.go", "// Text is a string.\nvar Text = any(1).(string)\n", "forcetypeassert", "must be checked"},
		{"internal/release/good_assertion_test.go", "var _ = any(1).(string)\n", "", ""},
		{"internal/ledger/sqlite/good_rows.go", "import \"database/sql\"\n\n// NAME closes rows.\nfunc NAME(rows *sql.Rows) { defer rows.Close() }\n\nvar _ = NAME\n", "", ""},
		{"internal/ledger/sqlite/bad_close.go", "import \"os\"\n\n// NAME closes a file that may have been written.\nfunc NAME(f *os.File) { defer f.Close() }\n\nvar _ = NAME\n", "errcheck", "not checked"},
		{"internal/release/bad_comment.go", "// Exported has no full stop\nvar Exported int\n", "godot", "period"},
	}
	core := []string{"release", "strategy", "judge", "gate", "calendar", "drift"}
	forbidden := []struct{ name, path, reason string }{
		{"terraform", stubs[0], "the core knows no Terraform"},
		{"aws", stubs[2], "the core knows no vendor"},
		{"pgx", stubs[3], "the core knows no database"},
		{"sqlite", stubs[4], "the core knows no database"},
		{"provider", module + "/internal/provider", "the provider imports the core"},
		{"cli", module + "/internal/cli", "the command line imports the core"},
		{"lab", module + "/internal/lab", "one target among others"},
		{"ledgerdriver", module + "/internal/ledger/sqlite", "Ledger port"},
		{"targetdriver", module + "/internal/target/contract", "Target port"},
		{"signaldriver", module + "/internal/signal/openmetrics", "Source port"},
	}
	for _, layer := range core {
		for _, f := range forbidden {
			all = append(all, lintCase{"internal/" + layer + "/bad_" + f.name + ".go", imports(f.path), depguard, f.reason})
		}
	}
	for _, f := range []struct{ name, call string }{
		{"now", "_ = time.Now()"}, {"since", "_ = time.Since(time.Time{})"}, {"until", "_ = time.Until(time.Time{})"},
		{"after", "<-time.After(1)"}, {"tick", "<-time.Tick(1)"}, {"timer", "time.NewTimer(1).Stop()"},
		{"ticker", "time.NewTicker(1).Stop()"}, {"afterfunc", "time.AfterFunc(1, nil).Stop()"},
		{"sleep", "time.Sleep(1)"},
	} {
		reason := "time comes from an injected clock.Clock"
		if f.name == "sleep" {
			reason = "wait on an injected clock.Clock"
		}
		all = append(all, lintCase{"internal/gate/bad_time_" + f.name + ".go", uses("time", f.call), forbidigo, reason})
	}
	return all
}
