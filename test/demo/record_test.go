package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

var opened = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)

// fill writes a rollout with one step that passed into the stage's ledger.
func fill(t *testing.T, s *stage) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.ledgerPath()), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := ledgers.Open(t.Context(), s.ledgerURL(), ledgers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range []struct {
		kind string
		body any
	}{
		{release.KindOpened, release.OpenedBody{Number: 1, Kind: release.Forward, Spec: release.Spec{
			Format: 1, Service: checkout.Service, Environment: release.Environment{Name: checkout.Environment},
			Payload:  artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0"}},
			Strategy: strategy.Definition{AllAtOnce: &strategy.AllAtOnce{}},
		}}},
		{release.KindStepPassed, map[string]any{"rollout": 1, "step": 0, "reason": "observed for 3s and proved safe"}},
	} {
		body, err := json.Marshal(rec.body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), checkout.Stream(), uint64(i), ledger.Entry{
			ID: rec.kind, Kind: rec.kind, At: opened, Actor: "you@demo", Body: body,
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// The byte that is changed belongs to the record that is named, and the ledger
// itself is left alone.
func TestTamper(t *testing.T) {
	s, _ := newTestStage(t)
	fill(t, s)
	copied, changed, err := s.tamper()
	if err != nil {
		t.Fatal(err)
	}
	if changed.Kind != release.KindStepPassed || changed.Seq != 2 {
		t.Errorf("the record is %s#%d", changed.Kind, changed.Seq)
	}
	l, err := ledgers.Open(t.Context(), "sqlite:"+filepath.ToSlash(copied), ledgers.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = l.Read(t.Context(), checkout.Stream(), 1)
	var corrupt *ledger.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Stream != changed.Stream || corrupt.Seq != changed.Seq {
		t.Errorf("the copy reads with %v; want a corrupt %s#%d", err, changed.Stream, changed.Seq)
	}
	if _, _, err := s.records(); err != nil {
		t.Errorf("the ledger itself: %v", err)
	}
}

func TestPickNothing(t *testing.T) {
	rec := ledger.Record{Kind: release.KindStepPassed, Body: json.RawMessage(`{"step":1}`)}
	for name, content := range map[string]string{
		"not there": "nothing of the kind", "twice": `{"step":1} and {"step":1}`,
	} {
		if _, _, err := pick([]byte(content), []ledger.Record{rec}); err == nil {
			t.Errorf("%s: a byte was found", name)
		}
	}
	got, at, err := pick([]byte(`ab{"step":1}`), []ledger.Record{rec})
	if err != nil || got.Kind != rec.Kind || at != 7 {
		t.Errorf("the byte is %d of %s, %v", at, got.Kind, err)
	}
}
