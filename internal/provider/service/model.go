package service

import (
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Object describes services. Nothing guards one from being deleted: releases take
// its name or its definition, and neither needs it to stay.
func Object() declared.Object {
	return declared.Object{
		Type: release.ServiceKind, Noun: "service", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(s release.Service) field.Errors { return s.Validate() }, nil),
	}
}
