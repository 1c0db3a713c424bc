package declared

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// maxContent is the greatest length of a definition, in bytes. A record has its reason
// besides.
const maxContent = ledger.MaxBody - 64<<10

// tooLarge refuses at plan what no ledger would take at apply, on the attribute that has
// the most of it.
func tooLarge(noun string, value types.Object, size int) field.Errors {
	if size <= maxContent {
		return nil
	}
	most, at := 0, ""
	for _, name := range slices.Sorted(maps.Keys(value.Attributes())) {
		if name == definitionAttr {
			continue
		}
		if n := len(value.Attributes()[name].String()); n > most {
			most, at = n, name
		}
	}
	return field.Errors{{Path: at, Msg: fmt.Sprintf("the %s has %d bytes, most of them here, and a record of the ledger takes %d; "+
		"leave out what no release needs, for example by a reference to where it is kept", noun, size, maxContent)}}
}
