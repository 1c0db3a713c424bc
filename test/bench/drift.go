package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/drift/document"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// documents measures a drift check of the most documents that one may have: each of
// 4 KiB and ten declared paths, behind a server on this machine. The ratio is to
// fetching them alone, as many at a time, without reading what is in them.
func documents(ctx context.Context, b *bench) error {
	body := map[string]any{"rest": strings.Repeat("x", 4096)}
	paths := map[string]drift.Expectation{}
	for i := range 10 {
		text := fmt.Sprint(i)
		body[fmt.Sprint("k", i)], paths[fmt.Sprint("k", i)] = i, drift.Expectation{Equals: &text}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(raw) // The client says what it missed.
	}))
	defer server.Close()
	check := drift.Check{Documents: map[string]drift.Document{}}
	for i := range drift.MaxDocuments {
		check.Documents[fmt.Sprint("doc", i)] = drift.Document{URL: fmt.Sprintf("%s/%d", server.URL, i), Paths: paths}
	}
	serving := artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0", Reference: fmt.Sprintf("bench/checkout@sha256:%064x", 1)}}
	history := release.NewHistory(release.Key{Service: "checkout", Environment: "production"})
	history.Succeeded = []artifact.Payload{serving}
	observed := target.Observation{Known: true, Baseline: &target.ArmState{Payload: serving, Weight: 100, Health: target.Healthy}}
	var whole, judging, reading []float64
	for range b.rounds(5, 2) {
		began := time.Now()
		contents := document.Reader{UserAgent: "bench"}.Read(ctx, check.Documents)
		read := time.Now()
		report := drift.Assess(history, drift.Seen{Observation: observed, Documents: contents}, check, began)
		done := time.Now()
		if report.Status != drift.StatusClean {
			return fmt.Errorf("the check found %s: %v", report.Status, report.Differences)
		}
		whole = append(whole, done.Sub(began).Seconds())
		judging = append(judging, done.Sub(read).Seconds())
		reading = append(reading, read.Sub(began).Seconds())
	}
	b.add("drift_1000_documents", median(whole), "s")
	b.add("drift_1000_documents_judging", median(judging), "s")
	b.add("drift_1000_documents_to_reading_ratio", median(ratios(whole, reading)), "x")
	return nil
}
