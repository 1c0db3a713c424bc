// Command bench measures the figures by which this provider wants to be known,
// and prints each as one line, "name value unit", on standard output. What it does
// meanwhile, and which wanted figures were met, it says on standard error.
//
// A figure that misses its wish is no failure: a timing is never a test. One that
// could not be measured is.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// section measures some figures that belong together.
type section struct {
	name string
	run  func(context.Context, *bench) error
}

// sections lists them, the quiet ones first.
func sections() []section {
	return []section{
		{"start", start},
		{"ledger", appendsSQLite},
		{"ledger-postgres", appendsPostgres},
		{"ledger-s3", appendsS3},
		{"ledger-verify", verifies},
		{"judge", decisions},
		{"guard", guard},
		{"windows", expansion},
		{"reentry", reentry},
		{"plan", plans},
		{"growth", growth},
		{"memory", memory},
		{"calls", calls},
		{"aws-calls", awsCalls},
		{"aws-crowd", awsCrowd},
		{"waves", waves},
		{"agent", agents},
		{"reaction", reaction},
		{"reaction-haproxy", reactionHAProxy},
		{"aws-reaction", awsReactions},
		{"drift", documents},
		{"forecast", forecasts},
	}
}

// bench is what every section stands on.
type bench struct {
	*report
	// quick measures fewer rounds: to see that everything works, not to quote.
	quick bool
	// dir is an empty folder on the disk that is measured.
	dir string
	// bin is the folder of the built provider.
	bin string
}

// rounds is how often to measure, or how often with --quick.
func (b *bench) rounds(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}

func main() {
	if done, err := playRole(); done {
		exitWith(err)
	}
	quick := flag.Bool("quick", false, "measure fewer rounds: shows that everything works, not what to quote")
	only := flag.String("only", "", "the sections to measure, separated by commas; all when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := measure(ctx, *quick, *only)
	stop()
	exitWith(err)
}

func exitWith(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measure runs the chosen sections in a folder of their own.
func measure(ctx context.Context, quick bool, only string) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	bin := os.Getenv("SLUICE_BIN")
	if bin == "" {
		bin = "bin"
	}
	// Beside the binary and not in the system's folder for temporary files, which
	// may be in memory, where syncing costs nothing.
	dir, err := os.MkdirTemp(bin, "bench-")
	if err != nil {
		return fmt.Errorf("making a folder to work in: %w (SLUICE_BIN names the folder of the built provider; run make bench)", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // What stays behind is in an ignored folder.
	if dir, err = absolute(dir); err != nil {
		return err
	}
	if bin, err = absolute(bin); err != nil {
		return err
	}
	b := &bench{report: newReport(os.Stdout, os.Stderr), quick: quick, dir: dir, bin: bin}
	var failed []string
	for _, s := range chosen {
		began := time.Now()
		b.say("%s ...", s.name)
		if err := s.run(ctx, b); err != nil {
			b.say("%s could not be measured: %v", s.name, err)
			failed = append(failed, s.name)
		}
		b.say("%s took %.1f s", s.name, time.Since(began).Seconds())
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	b.summary()
	if len(failed) > 0 {
		return fmt.Errorf("not measured: %s", strings.Join(failed, ", "))
	}
	return nil
}

// choose finds the sections that a list names.
func choose(only string) ([]section, error) {
	if only == "" {
		return sections(), nil
	}
	var chosen []section
	for _, name := range strings.Split(only, ",") {
		all := sections()
		i := slices.IndexFunc(all, func(s section) bool { return s.name == name })
		if i < 0 {
			var names []string
			for _, s := range all {
				names = append(names, s.name)
			}
			return nil, fmt.Errorf("there is no section %q; they are %s, for example --only ledger,judge", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
