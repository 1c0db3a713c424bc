package lab_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
)

// BenchmarkProxy says how long one request takes through the router and a real
// child process, with as many clients as there are processors.
func BenchmarkProxy(b *testing.B) {
	l := labtest.Start(b, lab.Config{})
	serveAlone(b, l, l.Artifact(v1))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Get(l.Addresses.Traffic) //nolint:noctx // A test's own server.
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkRevert says how long a revert takes through the driver, under traffic.
func BenchmarkRevert(b *testing.B) {
	l := labtest.Start(b, lab.Config{Traffic: 200})
	d := serveAlone(b, l, l.Artifact(v1))
	p := l.Artifact(v2)
	key := 0
	w := func() target.WriteRequest {
		key++
		return target.WriteRequest{Key: fmt.Sprintf("bench-%d", key), Fence: 1}
	}
	for done := false; !done; {
		got, err := d.Prepare(b.Context(), target.PrepareRequest{WriteRequest: w(), Payload: p})
		if err != nil {
			b.Fatal(err)
		}
		done = got.Done
	}
	clk := clock.System{}
	var took []time.Duration
	for b.Loop() {
		if _, err := d.Apply(b.Context(), target.ApplyRequest{WriteRequest: w(), Traffic: target.TrafficState{Weight: 50}}); err != nil {
			b.Fatal(err)
		}
		began := clk.Now()
		if _, err := d.Revert(b.Context(), w()); err != nil {
			b.Fatal(err)
		}
		took = append(took, clk.Now().Sub(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*95/100].Seconds()*1000, "p95-ms")
}

// serveAlone makes the payload the baseline by hand of the driver.
func serveAlone(b *testing.B, l *labtest.Lab, p artifact.Payload) *contract.Target {
	b.Helper()
	d, err := contract.New(contract.Config{URL: l.Contract}, target.Deps{Clock: clock.System{}})
	if err != nil {
		b.Fatal(err)
	}
	l.Weight(lab.Weight{Version: p.Version, Weight: 100})
	if _, err := d.Complete(b.Context(), target.WriteRequest{Key: "complete", Fence: 1}); err != nil {
		b.Fatal(err)
	}
	return d
}
