package guides

import (
	"strings"
	"testing"
)

// TestAccARenamedReleaseIsWhatTheGuideSays plays the guide behind the first release, up to
// where that one has put its bad version back, with shorter steps and nobody who watches.
func TestAccARenamedReleaseIsWhatTheGuideSays(t *testing.T) {
	before, _, found := strings.Cut(guide(t, "first-release"), "\n1.2.0 is in quarantine now.")
	watch := "```shell\nsluice watch checkout/production --within 1m\n```\n"
	if !found || !strings.Contains(before, watch) {
		t.Fatal("the guide on the first release does not lead there any more")
	}
	before = strings.NewReplacer(watch, "", "```shell\nterraform plan -var checkout_version=1.1.0\n```\n", "", "[10, 50, 100]", "[50, 100]", `"5s"`, `"600ms"`, `interval = "1s"`, `interval = "200ms"`, "$HOME/terraform-provider-sluice", home(t)).Replace(before)
	const forgets = "checkout/production becomes cart/production and does not keep its history"
	story{
		text: before + guide(t, "renaming"),
		dir:  t.TempDir(),
		wants: []said{
			{"moved.tf", []string{"sluice_release.checkout has moved to sluice_release.shop", "Plan: 0 to add, 0 to change, 0 to destroy."}},
			{"/service     = \"cart\"/' main.tf\nterraform plan", []string{forgets, `previous_name = "checkout/production"`, "must be replaced"}},
			{"terraform apply -auto-approve\n", []string{`serving = "1.1.0 at 100 %"`}},
			{"sluice history cart/production", []string{
				"none, renamed", "cart/production was checkout/production before", "cart/production has had no rollout by this name",
				"1.1.0 -> 1.2.0", "evidence for harm", "from 1.1.0 to 1.0.0",
			}},
			{"-var checkout_version=1.2.0", []string{"1.2.0 to production: blocked", "cart/production  1.0.0", "cart/production  1.2.0"}},
			{"sluice rollback basket/production", []string{"had this target before", "2 artifacts in quarantine", "none, adopted", "there is nothing to go back to"}},
			{"sluice history basket/production", []string{
				"basket/production  1.0.0", "basket/production  1.2.0", "basket/production was cart/production before", "cart/production was checkout/production before",
			}},
		},
	}.play(t)
	if n := strings.Count(guide(t, "renaming"), forgets); n != 1 {
		t.Errorf("the guide says %d times what the plan warns of", n)
	}
}
