package acctest

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// primitive gives a text, a truth value or a number as encoding/json would.
func primitive(v tftypes.Value) any {
	var text string
	var yes bool
	var number big.Float
	switch {
	case v.As(&text) == nil:
		return text
	case v.As(&yes) == nil:
		return yes
	case v.As(&number) == nil:
		f, _ := number.Float64()
		return f
	}
	return v.String()
}
