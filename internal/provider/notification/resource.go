package notification

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
)

// Object describes notifications.
func Object() declared.Object {
	return declared.Object{
		Type: notify.ObjectKind, Noun: "notification", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(n notify.Notification) field.Errors { return n.Validate() }, nil),
	}
}

// NewResource makes the resource.
func NewResource() resource.Resource { return &declared.Resource{Object: Object()} }

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &declared.DataSource{Object: Object()} }
