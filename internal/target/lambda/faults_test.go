package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// write makes what a change of the test carries.
func write(key string) target.WriteRequest {
	return target.WriteRequest{Key: key, Fence: 1, Rollout: "checkout/production/1"}
}

// prepare repeats Prepare until it is done, as the engine does.
func prepare(t *testing.T, d *lambda.Target) {
	t.Helper()
	for range 30 {
		p, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: b})
		if err != nil && !lost(err) {
			t.Fatal(err)
		}
		if err == nil && p.Done {
			return
		}
	}
	t.Fatal("prepare does not end")
}

func lost(err error) bool {
	var te *target.Error
	return errors.As(err, &te) && te.Code == target.CodeUnavailable && te.MaybeDone
}

func apply(t *testing.T, d *lambda.Target, key string, weight float64) error {
	t.Helper()
	_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write(key), Traffic: target.TrafficState{Weight: weight}})
	return err
}

// once lets the first request of an operation fail so.
func once(operation string, f awstest.Fault) func(string) awstest.Fault {
	done := false
	return func(op string) awstest.Fault {
		if op != operation || done {
			return awstest.Fault{}
		}
		done = true
		return f
	}
}

// Whatever reply is lost, there is one version and one canary.
func TestALostReplyMakesNothingTwice(t *testing.T) {
	for _, operation := range []string{"UpdateFunctionCode", "PublishVersion", "PutProvisionedConcurrencyConfig", "UpdateAlias"} {
		t.Run(operation, func(t *testing.T) {
			s := serve(t)
			c := config(s)
			c.ProvisionedConcurrency = 2
			d := open(t, c, clock.System{})
			s.Faults(once(operation, awstest.Fault{Lost: true}))
			prepare(t, d)
			if len(s.Versions) != 2 {
				t.Errorf("there are %d versions", len(s.Versions))
			}
			count := map[string]int{}
			for _, w := range s.Made() {
				count[w]++
			}
			if diff := cmp.Diff(map[string]int{"UpdateFunctionCode": 1, "PublishVersion": 1, "PutProvisionedConcurrencyConfig": 1 + count["PutProvisionedConcurrencyConfig"]/2, "UpdateAlias": 1}, count); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			o, err := d.Observe(t.Context())
			if err != nil || o.Canary == nil || !o.Canary.Payload.Same(b) || o.Canary.Weight != 0 {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

// The reply to a weight, or to a revert, is lost: the next try finds it done.
func TestALostReplyToAWeightIsItsOwnSuccess(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.System{})
	prepare(t, d)
	before := len(s.Made())
	s.Faults(once("UpdateAlias", awstest.Fault{Lost: true}))
	if err := apply(t, d, "25", 25); err != nil && !lost(err) {
		t.Fatal(err)
	}
	if err := apply(t, d, "25", 25); err != nil {
		t.Fatal(err)
	}
	s.Faults(once("UpdateAlias", awstest.Fault{Lost: true}))
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done {
		t.Fatalf("%+v, %v", p, err)
	}
	if n := len(s.Made()) - before; n != 2 {
		t.Errorf("%d writes", n)
	}
}

// Somebody moves the alias between our read and our write: Lambda refuses ours, and
// theirs stands. A revert wins all the same.
func TestSomebodyElseIsQuicker(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.System{})
	prepare(t, d)
	quick := func(times int) {
		s.After(func(operation string) {
			if operation == "GetAlias" && times > 0 {
				times--
				s.Change(func(f *lambdatest.Function) { f.Route("1", map[string]float64{"2": 0.4 + float64(times)/100}) })
			}
		})
	}
	quick(1)
	var te *target.Error
	if err := apply(t, d, "50", 50); !errors.As(err, &te) || te.Code != target.CodeConflict || te.Observation == nil || te.Observation.Canary.Weight != 40 {
		t.Fatalf("the write over somebody else's: %v, %+v", err, te)
	}
	quick(3)
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done || p.Observation.Canary.Weight != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
}

// A revert that loses every race gives up after so many writes, and says so.
func TestARevertEnds(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.System{})
	prepare(t, d)
	if err := apply(t, d, "25", 25); err != nil {
		t.Fatal(err)
	}
	times := 0
	s.After(func(operation string) {
		if operation == "GetAlias" {
			times++
			s.Change(func(f *lambdatest.Function) { f.Route("1", map[string]float64{"2": 0.4 + float64(times)/100}) })
		}
	})
	counted := targettest.Count(t, d, counts(s))
	asked := s.Asks()
	if _, err := counted.Revert(t.Context(), write("revert")); target.CodeOf(err) != target.CodeConflict || s.Asks()-asked != 6 {
		t.Errorf("%v, after %d writes", err, s.Asks()-asked)
	}
}

// A revert takes one read and one write, and answers though nothing else does.
func TestARevertNeedsTwoCalls(t *testing.T) {
	s := serve(t)
	clk := clock.NewFake(start)
	d := open(t, config(s), clk)
	prepare(t, d)
	if err := apply(t, d, "50", 50); err != nil {
		t.Fatal(err)
	}
	clk.Advance(time.Hour) // What is known of the versions is old.
	s.Faults(func(operation string) awstest.Fault {
		if operation == "GetAlias" || operation == "UpdateAlias" {
			return awstest.Fault{}
		}
		return awstest.Fault{Status: 403, Code: "AccessDeniedException"}
	})
	p, err := d.Revert(t.Context(), write("revert"))
	if err != nil || !p.Done || p.Observation.Known || s.Alias.Version != "1" || len(s.Alias.Weights) != 0 {
		t.Fatalf("%+v, %v, alias %+v", p, err, s.Alias)
	}
}

// Throttles are waited out; when they do not end, nothing was changed and it is said.
func TestThrottles(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.System{})
	prepare(t, d)
	throttled := awstest.Fault{Status: 429, Code: "TooManyRequestsException"}
	s.Faults(once("UpdateAlias", throttled))
	if err := apply(t, d, "5", 5); err != nil {
		t.Fatal(err)
	}
	s.Faults(func(op string) awstest.Fault {
		if op == "UpdateAlias" {
			return throttled
		}
		return awstest.Fault{}
	})
	var te *target.Error
	if err := apply(t, d, "50", 50); !errors.As(err, &te) || te.Code != target.CodeUnavailable || te.MaybeDone || !strings.Contains(te.Message, "UpdateAlias for the number of calls") {
		t.Fatalf("%v", err)
	}
}

// Each thing that an author can get wrong is named, with what to do about it.
func TestBadInput(t *testing.T) {
	denied := func(operation string) func(string) awstest.Fault {
		return func(op string) awstest.Fault {
			if op == operation {
				return awstest.Fault{Status: 403, Code: "AccessDeniedException"}
			}
			return awstest.Fault{}
		}
	}
	for name, c := range map[string]struct {
		change func(*lambdatest.Server)
		want   []string
	}{
		"the alias names $LATEST":  {func(s *lambdatest.Server) { s.Route("$LATEST", nil) }, []string{"names $LATEST", "update-alias --function-version"}},
		"concurrency on the alias": {func(s *lambdatest.Server) { s.Alias.Concurrency = 5 }, []string{"cannot have that and weights", "provisioned_concurrency"}},
		"no alias":                 {func(s *lambdatest.Server) { s.Alias.Gone = true }, []string{"no function checkout with the alias live in eu-central-1"}},
		"no package":               {func(s *lambdatest.Server) { delete(s.Objects, "acme-builds/checkout/1.1.0.zip") }, []string{"Lambda does not take", "1.1.0.zip", "NoSuchKey"}},
		"an event source goes around": {func(s *lambdatest.Server) { s.EventSources = []string{s.ARN("")} },
			[]string{"arn:aws:sqs:eu-central-1:123456789012:orders invokes the function and not its alias"}},
		"the description is too long": {func(s *lambdatest.Server) { s.Alias.Description = strings.Repeat("x", 100) }, []string{"100 characters, and may have 64"}},
		"another release's":           {func(s *lambdatest.Server) { s.Alias.Description = "[sluice/1 f=1 b=1 c=2 w=01234567]" }, []string{"another release has an open rollout on the alias live of checkout"}},
		"may not write":               {func(s *lambdatest.Server) { s.Faults(denied("UpdateFunctionCode")) }, []string{"may not do lambda:UpdateFunctionCode", "docs/policies"}},
		"may not list":                {func(s *lambdatest.Server) { s.Faults(denied("ListEventSourceMappings")) }, []string{"may not do lambda:ListEventSourceMappings"}},
		"expired": {func(s *lambdatest.Server) {
			s.Faults(func(string) awstest.Fault { return awstest.Fault{Status: 403, Code: "ExpiredTokenException"} })
		}, []string{"does not take the credentials", "aws sts get-caller-identity"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			d := open(t, config(s), clock.System{})
			if obstacles, err := d.Preflight(t.Context(), b); err != nil || len(obstacles) != 0 {
				t.Fatalf("before: %+v, %v", obstacles, err)
			}
			c.change(s)
			obstacles, err := d.Preflight(t.Context(), b)
			if err != nil || len(obstacles) == 0 {
				t.Fatalf("obstacles %+v, error %v", obstacles, err)
			}
			for _, part := range c.want {
				if !strings.Contains(fmt.Sprintf("%+v", obstacles), part) {
					t.Errorf("%q is not in %+v", part, obstacles)
				}
			}
			if w := s.Made(); len(w) > 0 {
				t.Errorf("preflight wrote %q", w)
			}
		})
	}
}

// A rollout on the alias keeps another release out until it is finished, and not the
// next one of its own release.
func TestAnAliasOfAnotherRelease(t *testing.T) {
	s := serve(t)
	ours := open(t, config(s), clock.System{})
	prepare(t, ours)
	if err := apply(t, ours, "5", 5); err != nil {
		t.Fatal(err)
	}
	if obstacles, err := ours.Preflight(t.Context(), b); err != nil || len(obstacles) != 0 {
		t.Errorf("its own rollout is in its way: %+v, %v", obstacles, err)
	}
	theirs, err := lambda.New(config(s), target.Deps{Clock: clock.System{}, Release: "invoices/production"})
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.Made())
	_, err = theirs.Prepare(t.Context(), target.PrepareRequest{WriteRequest: target.WriteRequest{Key: "theirs", Fence: 9, Rollout: "invoices/production/1"}, Payload: b})
	var te *target.Error
	if !errors.As(err, &te) || te.Code != target.CodeConflict || !strings.Contains(te.Message, "another release has an open rollout") || len(s.Made()) != before {
		t.Fatalf("%v; it wrote %q", err, s.Made()[before:])
	}
	for _, verb := range []func(context.Context, target.WriteRequest) (target.Progress, error){ours.Revert, ours.Finalize} {
		if p, err := verb(t.Context(), write(fmt.Sprint(len(s.Made())))); err != nil || !p.Done {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if obstacles, err := theirs.Preflight(t.Context(), b); err != nil || len(obstacles) != 0 {
		t.Errorf("after the rollout: %+v, %v", obstacles, err)
	}
}
