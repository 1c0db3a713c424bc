package all_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal"
	signalall "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	targetall "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// A web token in the environment cannot be renewed under a process, so each driver that
// takes one tells when it ends.
func TestDriversTellUntilWhenTheirTokensLast(t *testing.T) {
	const end = "2026-03-02T09:00:00Z" // The claim is {"exp":1772442000}.
	t.Setenv("WEB_TOKEN", "e30.eyJleHAiOjE3NzI0NDIwMDB9.c2ln")
	open := map[string]func(token string) (any, error){
		"contract": func(token string) (any, error) {
			return targetall.Drivers().Open(t.Context(), target.Config{Driver: "contract", Config: json.RawMessage(`{"url":"http://127.0.0.1:9"` + token + `}`)}, target.Deps{Clock: clock.System{}})
		},
		"openmetrics": func(token string) (any, error) {
			return signalall.Drivers().Open(t.Context(), signals.Config{Driver: "openmetrics", Config: json.RawMessage(`{"url":"http://127.0.0.1:9/metrics","preset":"lab"` + token + `}`)}, signals.Deps{Clock: clock.System{}})
		},
		"prometheus": func(token string) (any, error) {
			return signalall.Drivers().Open(t.Context(), signals.Config{Driver: "prometheus", Config: json.RawMessage(`{"url":"http://127.0.0.1:9","preset":"traefik","arms":{"baseline":"a","canary":"b"}` + token + `}`)}, signals.Deps{Clock: clock.System{}})
		},
	}
	for name, open := range open {
		for token, want := range map[string]string{`,"token":{"env":"WEB_TOKEN"}`: "the credentials in the environment variable WEB_TOKEN last until " + end, "": ""} {
			driver, err := open(token)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := credential.EndOf(driver); got.IsZero() != (want == "") || want != "" && got.String() != want {
				t.Errorf("%s with %q: %v", name, token, got)
			}
		}
	}
}
