package all

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

func TestDrivers(t *testing.T) {
	drivers := Drivers()
	if diff := cmp.Diff([]string{"cloudwatch", "haproxy", "openmetrics", "prometheus"}, drivers.Names()); diff != "" {
		t.Errorf("drivers (-want +got):\n%s", diff)
	}
	for name, d := range drivers {
		if d.Name != name || d.Validate == nil || d.Open == nil {
			t.Errorf("the driver %q is not whole: %+v", name, d)
		}
		if errs := d.Validate(json.RawMessage(`{"no_such_key": 1}`)); len(errs) == 0 {
			t.Errorf("the driver %q takes an unknown key", name)
		}
	}
}

func TestOpen(t *testing.T) {
	deps := signal.Deps{Clock: clock.System{}}
	good := signal.Config{Driver: "openmetrics", Config: json.RawMessage(`{"url": "http://127.0.0.1:7070/metrics", "preset": "lab"}`)}
	source, err := Drivers().Open(t.Context(), good, deps)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"errors", "slow"}, source.Metrics()); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	_, err = Drivers().Open(t.Context(), signal.Config{Driver: "openmetric"}, deps)
	if err == nil || !strings.Contains(err.Error(), `"openmetric"; this version has cloudwatch, haproxy, openmetrics, prometheus`) {
		t.Errorf("Open() = %v, want an error that names the drivers", err)
	}
	if _, err := Drivers().Open(t.Context(), signal.Config{Driver: "openmetrics", Config: json.RawMessage(`{}`)}, deps); err == nil {
		t.Error("Open() took an empty configuration")
	}
}
