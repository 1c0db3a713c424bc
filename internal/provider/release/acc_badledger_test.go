package release_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// badLedger is a ledger that something is wrong with, as the provider block names it.
type badLedger struct {
	name, url string
	// caution is a warning on the attribute in place of an error.
	caution bool
	// before puts in the way what is wrong, and after takes it away again.
	before, after func()
}

// patient is a world in which the ledger is waited for however busy the machine is.
func patient() client.World {
	w := acctest.World()
	w.Patience = time.Minute
	return w
}

// refusedAtPlan holds each to one message, on the attribute that names the ledger, as the
// provider gives it before anything else of a plan, with an example of what is right. left is
// what is in the place, which must stay as it was.
func refusedAtPlan(t *testing.T, cases []badLedger, left func() string) {
	t.Helper()
	for _, c := range cases {
		was := left()
		if c.before != nil {
			c.before()
		}
		_, said := acctest.Configure(t, patient(), c.url)
		if c.after != nil {
			c.after()
		}
		if is := left(); is != was {
			t.Errorf("%s: %s was left, and before there was %s", c.name, is, was)
		}
		if len(said) != 1 || acctest.Path(said[0]) != "ledger" || (acctest.Errors(said) == nil) != c.caution {
			t.Errorf("%s: want one message on the attribute: %+v", c.name, said)
			continue
		}
		text := said[0].Summary + "\n" + said[0].Detail
		acctest.Golden(t, "a ledger at plan: "+c.name, acctest.Steady(text))
		if !strings.Contains(text, "for example") || strings.Contains(text, "s3cret") {
			t.Errorf("%s: no example, or the password:\n%s", c.name, text)
		}
	}
}

// made begins a ledger.
func made(t *testing.T, url string) string {
	t.Helper()
	l, err := ledgers.Open(t.Context(), url, ledgers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

// declaring is a configuration of one environment, in a ledger.
func declaring(url, name, more string) string {
	return fmt.Sprintf("provider \"sluice\" {\n  ledger = %q\n}\nresource \"sluice_environment\" \"e\" {\n  name = %q\n  tier = \"staging\"\n%s}\n", url, name, more)
}

// failsOnTheAttribute wants a plan of a real Terraform to end with one error, on the
// provider block's ledger.
func failsOnTheAttribute(t *testing.T, tf *acctest.Terraform) {
	t.Helper()
	tf.Seen()
	plan := tf.Plan()
	if seen := tf.Seen(); plan.Exit != 1 || len(plan.Of("error")) != 1 || len(seen) != 1 || seen[0].Type != "" || seen[0].Path != "ledger" {
		t.Errorf("exit %d, %+v: %s", plan.Exit, seen, plan.Output)
	}
}

// cautioned wants an apply whose plan is warned to fail at its first write, with an error
// that says the same.
func cautioned(t *testing.T, tf *acctest.Terraform, name, url string) {
	t.Helper()
	tf.Write("main.tf", declaring(url, "staging", ""))
	apply := tf.Apply()
	if apply.Exit != 1 || len(apply.Of("error")) != 1 || len(apply.Of("warning")) == 0 {
		t.Errorf("%s: exit %d: %s", name, apply.Exit, apply.Output)
	}
	tf.Golden(name, apply, "error")
}
