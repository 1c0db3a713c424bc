package provider_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestAccABadNotificationIsRefusedAtPlanOnItsAttribute has one message for each mistake.
func TestAccABadNotificationIsRefusedAtPlanOnItsAttribute(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	hook := func(more string) string { return `webhook = { url = "https://events.example/"` + more + ` }` }
	cases := map[string]struct{ body, path, want string }{
		"nobody":                       {``, "", "tells nobody"},
		"two at once":                  {hook("") + "\n" + `file = { path = "/tmp/x" }`, "", "both webhook and file"},
		"no URL":                       {`webhook = {}`, "webhook.url", "there is no URL"},
		"a URL twice":                  {hook(`, url_from = { env = "A" }`), "webhook.url_from", "both url and url_from"},
		"a URL without a scheme":       {`webhook = { url = "events.example" }`, "webhook.url", "it must be http or https"},
		"a password in the URL":        {`webhook = { url = "https://u:p@events.example/" }`, "webhook.url", "holds a user or password"},
		"a query in the URL":           {`webhook = { url = "https://events.example/?sig=x" }`, "webhook.url", "url_from"},
		"a token of two kinds":         {hook(`, token = { env = "A", file = "b" }`), "webhook.token", "sets env and file"},
		"a key of no kind":             {hook(`, signing_key = {}`), "webhook.signing_key", "names nothing"},
		"a URL from nowhere":           {`webhook = { url_from = {} }`, "webhook.url_from", "names nothing"},
		"a header that is none":        {hook(`, header = { name = "X Key", value = { env = "A" } }`), "webhook.header.name", "is not the name of a header"},
		"a header that is ours":        {hook(`, header = { name = "Content-Type", value = { env = "A" } }`), "webhook.header.name", "set by the delivery itself"},
		"a header beside the token":    {hook(`, token = { env = "A" }, header = { name = "Authorization", value = { env = "A" } }`), "webhook.header.name", "already"},
		"a timeout of a minute":        {hook(`, timeout = "1m"`), "webhook.timeout", "from 100ms to 15s"},
		"a relative path":              {`file = { path = "events.jsonl" }`, "file.path", "is relative"},
		"a folder":                     {`file = { path = "/var/log/" }`, "file.path", "names a folder"},
		"no path":                      {`file = { path = "" }`, "file.path", "the path is empty"},
		"an event that there is not":   {hook("") + "\n" + `events = ["dev.cdevents.service.improved"]`, "events[0]", "matches no event"},
		"an event with a version":      {hook("") + "\n" + `events = ["dev.cdevents.service.upgraded.0.3.0"]`, "events[0]", "matches no event"},
		"what is no type":              {hook("") + "\n" + `events = ["Service Upgraded"]`, "events[0]", "is not the type of an event"},
		"no events":                    {hook("") + "\n" + `events = []`, "events", "nothing would be told"},
		"an event twice":               {hook("") + "\n" + `events = ["*", "*"]`, "events[1]", "is there already"},
		"a service with a slash":       {hook("") + "\n" + `services = ["a/b"]`, "services[0]", "contains a slash"},
		"an environment without names": {hook("") + "\n" + `environments = [""]`, "environments[0]", "the name is empty"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", fmt.Sprintf(`
provider "sluice" {
  ledger = "sqlite:%s"
}
resource "sluice_notification" "n" {
  name = "n"
  %s
}
`, filepath.Join(tf.Dir, "ledger.db"), tc.body))
			tf.Seen()
			plan := tf.Plan()
			if errs := plan.Of("error"); plan.Exit != 1 || len(errs) != 1 {
				t.Fatalf("exit %d with %d errors, want one: %.2000s", plan.Exit, len(errs), plan.Text("error"))
			}
			tf.Golden("bad notification: "+name, plan, "error")
			wantOneOn(t, tf.Seen(), "sluice_notification", tc.path, tc.want)
		})
	}
}
