package acctest

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// pathText writes a path as an author would: `metrics["errors"].ceiling`.
func pathText(p *tftypes.AttributePath) string {
	var b strings.Builder
	for _, step := range p.Steps() {
		switch s := step.(type) {
		case tftypes.AttributeName:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(string(s))
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&b, "[%d]", int64(s))
		case tftypes.ElementKeyString:
			fmt.Fprintf(&b, "[%q]", string(s))
		default:
			fmt.Fprintf(&b, "[%v]", s)
		}
	}
	return b.String()
}

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
