// Package partial holds validators for a configuration that is not fully known.
// Once it is, the domain checks the object as a whole and says what is wrong in
// its own words; until then an attribute's own validator is all there is. So each
// mistake gets one message.
package partial

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// String runs v while the configuration is not fully known.
func String(v validator.String) validator.String { return text{v} }

// Int64 runs v while the configuration is not fully known.
func Int64(v validator.Int64) validator.Int64 { return whole{v} }

// Float64 runs v while the configuration is not fully known.
func Float64(v validator.Float64) validator.Float64 { return share{v} }

type text struct{ validator.String }

// ValidateString implements validator.String.
func (v text) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !req.Config.Raw.IsFullyKnown() {
		v.String.ValidateString(ctx, req, resp)
	}
}

type whole struct{ validator.Int64 }

// ValidateInt64 implements validator.Int64.
func (v whole) ValidateInt64(ctx context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if !req.Config.Raw.IsFullyKnown() {
		v.Int64.ValidateInt64(ctx, req, resp)
	}
}

type share struct{ validator.Float64 }

// ValidateFloat64 implements validator.Float64.
func (v share) ValidateFloat64(ctx context.Context, req validator.Float64Request, resp *validator.Float64Response) {
	if !req.Config.Raw.IsFullyKnown() {
		v.Float64.ValidateFloat64(ctx, req, resp)
	}
}
