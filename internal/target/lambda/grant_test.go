package lambda_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

var here = awscloud.Place{Region: "eu-central-1", Account: "123456789012"}

func grant(t *testing.T, raw string) awscloud.Grant {
	t.Helper()
	g, errs := lambda.Grant(here, json.RawMessage(raw))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return g
}

func actions(statements []awscloud.Statement) []string {
	var out []string
	for _, s := range statements {
		out = append(out, s.Action...)
	}
	slices.Sort(out)
	return out
}

// All that a session may do is all that the driver's own policy allows.
func TestAFullGrantIsThePolicy(t *testing.T) {
	policy, err := lambda.Policy(here.Region, here.Account, "checkout", "acme-builds/checkout/*")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Statement []awscloud.Statement }
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		t.Fatal(err)
	}
	full := grant(t, `{"function":"checkout","packages":"acme-builds/checkout/*"}`).Full
	if want, got := actions(document.Statement), actions(full); !slices.Equal(want, got) {
		t.Errorf("the grant allows %q, the policy %q", got, want)
	}
	text, err := awscloud.Document(full)
	if err != nil || awscloud.Fits(text) != "" {
		t.Errorf("%d characters, %v", len(text), err)
	}
}

// With the rights to read and to go back, a canary that has half of the traffic goes
// back and is cleared away, and nothing new can be brought up.
func TestReadAndRevertGoesBackAndNotForward(t *testing.T) {
	g := grant(t, `{"function":"checkout","packages":"acme-builds/checkout/*"}`)
	allowed := actions(g.ReadAndRevert)
	s := serve(t)
	c := config(s)
	c.ProvisionedConcurrency = 1
	d := open(t, c, clock.System{})
	again := func(verb func() (target.Progress, error)) error {
		t.Helper()
		for range 30 {
			if p, err := verb(); err != nil || p.Done {
				return err
			}
		}
		t.Fatal("it does not end")
		return nil
	}
	prepare := func() error {
		return again(func() (target.Progress, error) {
			return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: b})
		})
	}
	cut := func(operation string) awstest.Fault {
		if slices.Contains(allowed, "lambda:"+operation) {
			return awstest.Fault{}
		}
		return awstest.Fault{Status: 403, Code: "AccessDeniedException"}
	}
	s.Faults(cut)
	if err := prepare(); err == nil || !strings.Contains(err.Error(), "lambda:UpdateFunctionCode") {
		t.Errorf("new code was brought up: %v", err)
	}
	s.Faults(nil)
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
	if err := apply(t, d, "apply", 50); err != nil {
		t.Fatal(err)
	}
	s.Faults(cut)
	for _, verb := range []func() (target.Progress, error){
		func() (target.Progress, error) { return d.Revert(t.Context(), write("revert")) },
		func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) },
	} {
		if err := again(verb); err != nil {
			t.Fatal(err)
		}
	}
	if o, err := d.Observe(t.Context()); err != nil || o.Canary != nil {
		t.Errorf("%+v, %v", o, err)
	}
	s.Change(func(f *lambdatest.Function) {
		if len(f.Alias.Weights) > 0 || f.Alias.Version != "1" {
			t.Errorf("the alias has %s %v", f.Alias.Version, f.Alias.Weights)
		}
	})
}

func TestAGrantThatIsWrong(t *testing.T) {
	for raw, want := range map[string]string{
		`{}`:                              "function",
		`{"function":"arn:aws:lambda:x"}`: "function",
		`{"function":"checkout","packages":"acme-builds"}`:                                                       "packages",
		`{"function":"checkout","packages":"*/x"}`:                                                               "packages",
		`{"function":"checkout","packages":"acme/a b"}`:                                                          "packages",
		`{"function":"checkout","alias":"live"}`:                                                                 "",
		`{"function":"checkout","packages":"` + strings.Repeat("x", 63) + `/` + strings.Repeat("y", 1001) + `"}`: "packages",
	} {
		_, errs := lambda.Grant(here, json.RawMessage(raw))
		if len(errs) != 1 || errs[0].Path != want || want != "" && !strings.Contains(errs[0].Msg, "for example") {
			t.Errorf("%.60s: %v", raw, errs)
		}
	}
}

// Partitions have names of their own.
func TestAGrantInChina(t *testing.T) {
	g, errs := lambda.Grant(awscloud.Place{Region: "cn-north-1", Account: "123456789012"}, json.RawMessage(`{"function":"checkout"}`))
	if len(errs) > 0 || g.Full[0].Resource[0] != "arn:aws-cn:lambda:cn-north-1:123456789012:function:checkout" {
		t.Errorf("%+v, %v", g, errs)
	}
}
