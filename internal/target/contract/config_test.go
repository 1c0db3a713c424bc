package contract_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/all"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
)

func TestValidateNamesTheFieldAndTheWayOut(t *testing.T) {
	for name, c := range map[string]struct{ config, path, says string }{
		"good":                {`{"url": "http://127.0.0.1:7070"}`, "", ""},
		"good, everything":    {`{"url": "https://deploy.example/checkout", "token": {"env": "T"}, "timeout": "5s"}`, "", ""},
		"no url":              {`{}`, "url", "empty"},
		"relative":            {`{"url": "/checkout"}`, "url", "http or https"},
		"another scheme":      {`{"url": "ftp://x"}`, "url", `"ftp"`},
		"no host":             {`{"url": "http://"}`, "url", "no host"},
		"only a port":         {`{"url": "http://:7070"}`, "url", "no host"},
		"a query":             {`{"url": "http://x?a=b"}`, "url", "query"},
		"a fragment":          {`{"url": "http://x#y"}`, "url", "fragment"},
		"a password":          {`{"url": "http://me:hunter2@x"}`, "url", "token = {"},
		"a broken password":   {`{"url": "http://me:hunter2@x y"}`, "url", "for example"},
		"timeout, no unit":    {`{"url": "http://x", "timeout": "5"}`, "timeout", "for example"},
		"timeout, zero":       {`{"url": "http://x", "timeout": "0s"}`, "timeout", "between 100ms and 1m"},
		"timeout, negative":   {`{"url": "http://x", "timeout": "-5s"}`, "timeout", "between"},
		"timeout, long":       {`{"url": "http://x", "timeout": "2h"}`, "timeout", "between"},
		"two references":      {`{"url": "http://x", "token": {"env": "A", "file": "b"}}`, "token", "exactly one"},
		"an empty reference":  {`{"url": "http://x", "token": {}}`, "token", "exactly one"},
		"an unknown key":      {`{"url": "http://x", "tocken": {}}`, "", "allowed are url, token and timeout"},
		"no JSON":             {`url`, "", "cannot be read"},
		"a token as a string": {`{"url": "http://x", "token": "hunter2"}`, "", "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := contract.Validate(json.RawMessage(c.config))
			_, err := all.Drivers().Open(t.Context(), target.Config{Driver: contract.Name, Config: json.RawMessage(c.config)}, target.Deps{Clock: clock.System{}})
			if c.says == "" {
				if len(errs) > 0 || err != nil {
					t.Fatalf("it is refused: %v, %v", errs, err)
				}
				return
			}
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.says) {
				t.Fatalf("got %+v", errs)
			}
			if err == nil {
				t.Error("Open takes it")
			}
			if strings.Contains(errs.Error()+err.Error(), "hunter2") {
				t.Errorf("the secret is in %v, %v", errs, err)
			}
		})
	}
}

func TestAnUnknownDriverIsNoOther(t *testing.T) {
	_, err := all.Drivers().Open(t.Context(), target.Config{Driver: "contrakt"}, target.Deps{})
	if err == nil || !strings.Contains(err.Error(), "contract") {
		t.Errorf("got %v", err)
	}
}
