package alb_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// kind is what stands behind the groups, beside a pair of services, which other tests
// have.
type kind struct {
	start   func(*testing.T) (*albtest.Server, alb.Config)
	payload artifact.Payload
	// writes are the operations that a release makes.
	writes []string
	// right says what is not as it must be after a release.
	right func(*albtest.World) string
}

func kinds() map[string]kind {
	return map[string]kind{
		"groups": {
			start: func(t *testing.T) (*albtest.Server, alb.Config) {
				s, c := serveGroups(t, 4)
				s.Slow = 1
				return s, c
			},
			payload: template("8"), writes: []string{"AddTags", "UpdateAutoScalingGroup", "ModifyListener"},
			right: func(w *albtest.World) string {
				green, blue := w.Scaling.Groups["checkout-green"], w.Scaling.Groups["checkout-blue"]
				if green.Version != "8" || green.Min != 1 || green.Max != 6 || green.Desired != 4 || blue.Desired != 0 || blue.Min != 0 || len(green.Instances) != 4 {
					return fmt.Sprintf("green %+v, blue %+v", green, blue)
				}
				return ""
			},
		},
		"targets": {
			start: func(t *testing.T) (*albtest.Server, alb.Config) {
				s := servePlain(t)
				tags := s.Groups[albtest.Green].Tags
				tags["sluice:artifact"], tags["sluice:version"] = b.Digest(), b.Version
				return s, config(s)
			},
			payload: b, writes: []string{"AddTags", "ModifyListener"},
			right: func(w *albtest.World) string {
				if tags := w.Groups[albtest.Green].Tags; tags["sluice:artifact"] != b.Digest() || len(w.Groups[albtest.Blue].Targets) != 2 {
					return fmt.Sprintf("%+v", tags)
				}
				return ""
			},
		},
	}
}

// released checks the end of a release.
func (k kind) released(t *testing.T, s *albtest.Server) {
	t.Helper()
	s.Change(func(w *albtest.World) {
		if got := w.Routes[albtest.HTTPS].Weights(); got != "0/100" {
			t.Errorf("the weights are %s", got)
		}
		if wrong := k.right(w); wrong != "" {
			t.Error(wrong)
		}
	})
}

// An engine that dies after any write is followed by another, and nothing is made twice.
func TestTheEngineDiesAfterAnyWriteOfEachKind(t *testing.T) {
	for name, k := range kinds() {
		s, c := k.start(t)
		if out, err := drive(mem.New(start), clock.NewAuto(start), "ci").Ship(bounded(t), want(t, c, k.payload)); err != nil || out.Result != release.Shipped {
			t.Fatalf("%s: result %s, error %v", name, out.Result, err)
		}
		k.released(t, s)
		writes := len(s.Made())
		for crash := range writes {
			t.Run(fmt.Sprint(name, " ", crash+1), func(t *testing.T) {
				s, c := k.start(t)
				book, clk := mem.New(start), clock.NewAuto(start)
				first, handle := drive(book, clk, "first"), book.Handle()
				first.Ledger = handle
				dead := errors.New("the process was killed")
				handle.Fault = func(string, mem.Phase) error {
					if len(s.Made()) > crash {
						return dead
					}
					return nil
				}
				if _, err := first.Ship(bounded(t), want(t, c, k.payload)); !errors.Is(err, dead) {
					t.Fatalf("the first: %v", err)
				}
				out, err := drive(book, clk, "second").Ship(bounded(t), want(t, c, k.payload))
				if err != nil || out.Result != release.Shipped && out.Result != release.Adopted {
					t.Fatalf("the second: %s, %v", out.Result, err)
				}
				k.released(t, s)
				// The second writes its own fence down where it goes on with weights.
				if got := s.Made(); len(got) > writes+1 {
					t.Errorf("%d writes: %q", len(got), got)
				}
			})
		}
	}
}

// Whatever reply is lost, nothing is made twice, and the weights are right.
func TestALostReplyToEachKind(t *testing.T) {
	for name, k := range kinds() {
		for _, operation := range k.writes {
			t.Run(name+" "+operation, func(t *testing.T) {
				s, c := k.start(t)
				s.Faults(once(operation, awstest.Fault{Lost: true}))
				out, err := drive(mem.New(start), clock.NewAuto(start), "ci").Ship(bounded(t), want(t, c, k.payload))
				if err != nil || out.Result != release.Shipped {
					t.Fatalf("result %s, error %v, after %q", out.Result, err, s.Made())
				}
				k.released(t, s)
			})
		}
	}
}
