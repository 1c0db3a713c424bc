package rollbackpolicy

import (
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Object describes rollback policies.
func Object() declared.Object {
	return declared.Object{
		Type: "rollback_policy", Noun: "rollback policy", Shadows: true, Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(p release.Policy) field.Errors { return p.Validate() }, nil),
	}
}
