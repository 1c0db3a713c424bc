package service

import (
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
)

// NewResource makes the resource.
func NewResource() resource.Resource { return &declared.Resource{Object: Object()} }
