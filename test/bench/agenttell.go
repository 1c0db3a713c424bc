package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
)

// listener declares a notification of everything, and takes what it is sent.
func listener(ctx context.Context, l ledger.Ledger) (*httptest.Server, error) {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // What it says is of no interest.
		rw.WriteHeader(http.StatusNoContent)
	}))
	content, err := json.Marshal(notify.Notification{Name: "bench", Webhook: &notify.Webhook{URL: server.URL}, Events: []string{"dev.cdevents.*"}})
	if err == nil {
		_, err = ledger.PutObject(ctx, l, ledger.Put{Kind: notify.ObjectKind, Name: "bench", Content: content, Actor: "bench", At: time.Now()})
	}
	return server, err
}

// deliverer is one process's.
func deliverer(l ledger.Ledger, name string) *notify.Deliverer {
	return &notify.Deliverer{Ledger: l, Clock: clock.System{}, Actor: name, Holder: fmt.Sprintf("%s %d", name, time.Now().UnixNano()), UserAgent: "sluice/bench"}
}

// tells measures how long a process takes that comes anew, and one that has looked
// before, beside the agent that drives.
func (b *bench) tells(ctx context.Context, l ledger.Ledger) error {
	d := deliverer(l, "beside")
	for _, name := range []string{"agent_tell_fresh", "agent_tell_again"} {
		took, err := timed(func() error {
			reports, err := d.Round(ctx)
			for _, r := range reports {
				if err == nil {
					err = r.Err
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		b.add(name, float64(took.Milliseconds()), "ms")
	}
	return nil
}
