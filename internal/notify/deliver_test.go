package notify

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// round delivers and expects no error of the ledger.
func (w *world) round(d *Deliverer) []Report {
	w.Helper()
	reports, err := d.Round(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return reports
}

func TestARoundDeliversInOrderAndOnce(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	w.ship("checkout/production", 1)
	d := w.deliverer("first")
	w.round(d)
	w.round(d)
	want := []string{"pipelinerun.started checkout/production#1", "service.upgraded checkout/production", "pipelinerun.finished checkout/production#1"}
	if diff := cmp.Diff(want, r.got()); diff != "" {
		t.Fatal(diff)
	}
	w.ship("checkout/production", 2)
	// Another process goes on where the first one stood.
	w.round(w.deliverer("second"))
	w.round(w.deliverer("third"))
	want = append(want, "pipelinerun.started checkout/production#2", "service.upgraded checkout/production", "pipelinerun.finished checkout/production#2")
	if diff := cmp.Diff(want, r.got()); diff != "" {
		t.Fatal(diff)
	}
}

// What an agent finds on its schedule is told, to those who want that release.
func TestDriftIsTold(t *testing.T) {
	w := newWorld(t)
	r, other := newReceiver(t), newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"*.sluice-drift.*"}, Services: []string{"checkout"}})
	w.declare(Notification{Name: "others", Webhook: &Webhook{URL: other.URL}, Services: []string{"basket"}})
	stream := drift.Stream("checkout@production")
	w.appendTo(stream, drift.KindChecked, 0, drift.Report{Status: drift.StatusUnknown, Moving: true})
	w.appendTo(stream, drift.KindChecked, 0, drift.Report{Status: drift.StatusDrifted, Differences: []drift.Finding{{}}})
	w.round(w.deliverer("first"))
	w.round(w.deliverer("second"))
	if diff := cmp.Diff([]string{"drift.checked checkout/production"}, r.got()); diff != "" {
		t.Error(diff)
	}
	if got := other.got(); len(got) != 0 {
		t.Errorf("told of what it does not want: %v", got)
	}
}

func TestWhatTheReceiverDoesNotTakeStaysOpen(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	w.ship("checkout/production", 1)
	r.answers(func(_ int, e Event) int {
		if unversioned(e.Type) == ServiceUpgraded {
			return http.StatusServiceUnavailable
		}
		return http.StatusNoContent
	})
	reports := w.round(w.deliverer("first"))
	if reports[0].Sent != 1 || reports[0].Err == nil {
		t.Fatalf("%+v", reports)
	}
	s, _, err := StateOf(t.Context(), w.ledger, "events")
	if err != nil || s.Since.IsZero() || s.Error != "the webhook answered with status 503; expected 200 to 299" {
		t.Fatalf("%+v %v", s, err)
	}
	r.answers(nil)
	w.round(w.deliverer("second"))
	want := []string{"pipelinerun.started checkout/production#1", "service.upgraded checkout/production", "pipelinerun.finished checkout/production#1"}
	if diff := cmp.Diff(want, r.got()); diff != "" {
		t.Fatal(diff)
	}
	if s, _, _ := StateOf(t.Context(), w.ledger, "events"); !s.Since.IsZero() {
		t.Errorf("it works again, and the state says %+v", s)
	}
	_ = release.Forward
}
