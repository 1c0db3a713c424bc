package externaldependency

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
)

// NewResource makes the resource.
func NewResource() resource.Resource { return &declared.Resource{Object: Object()} }

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &declared.DataSource{Object: Object()} }
