package service

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &declared.DataSource{Object: Object()} }
