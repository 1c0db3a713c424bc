package release

import (
	"fmt"

	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// renames warns of another name that does not say what the name was before. Terraform then
// replaces the release, and the one by the new name knows nothing of what was found bad.
func (p *planning) renames() {
	if p.state == nil || p.plan.PreviousName.IsUnknown() {
		return
	}
	before, _ := p.state.key()
	after, known := p.plan.key()
	said := p.plan.PreviousName.ValueString()
	if known && before != after && said != before.String() {
		p.warn(renameTitle(before, after), renameBody(before, said))
	}
}

// renameTitle and renameBody are that warning.
func renameTitle(before, after engine.Key) string {
	return fmt.Sprintf("%s becomes %s and does not keep its history", before, after)
}

func renameBody(before engine.Key, said string) string {
	why := "previous_name is not set"
	if said != "" {
		why = fmt.Sprintf("previous_name says %q", said)
	}
	return note(fmt.Sprintf("What %s released, its quarantine and the way back stay under that name: %s. Where this is the same release, say so for this apply:", before, why)) +
		fmt.Sprintf("\n  previous_name = %q\n", before) + ofThePlan()
}
