package source_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
)

func TestBase(t *testing.T) {
	b := source.Base{Name: "release"}
	var named datasource.MetadataResponse
	if b.Metadata(t.Context(), datasource.MetadataRequest{ProviderTypeName: "sluice"}, &named); named.TypeName != "sluice_release" {
		t.Errorf("it is called %s", named.TypeName)
	}
	mine := &client.Client{}
	for name, c := range map[string]struct {
		data any
		want *client.Client
		says string
	}{"not yet": {}, "the provider's": {data: mine, want: mine}, "another's": {data: 1, says: "Expected *client.Client, got int"}} {
		var resp datasource.ConfigureResponse
		b.Configure(t.Context(), datasource.ConfigureRequest{ProviderData: c.data}, &resp)
		if b.Client != c.want || resp.Diagnostics.HasError() != (c.says != "") || c.says != "" && !strings.Contains(resp.Diagnostics[0].Detail(), c.says) {
			t.Errorf("%s: %v, %v", name, b.Client, resp.Diagnostics)
		}
	}
}

func TestAsked(t *testing.T) {
	type question struct {
		Name string `json:"name"`
	}
	config := func(v attr.Value) types.Object {
		return types.ObjectValueMust(map[string]attr.Type{"name": v.Type(t.Context())}, map[string]attr.Value{"name": v})
	}
	raw, q, ok, errs := source.Asked[question](t.Context(), config(types.StringValue("x")))
	if !ok || errs != nil || q.Name != "x" || string(raw) != `{"name":"x"}` {
		t.Errorf("%s, %+v, %t, %v", raw, q, ok, errs)
	}
	if _, _, ok, errs := source.Asked[question](t.Context(), config(types.StringUnknown())); ok || errs != nil {
		t.Errorf("what is not known yet: %t, %v", ok, errs)
	}
	if _, _, ok, errs := source.Asked[question](t.Context(), config(types.BoolValue(true))); !ok || len(errs) != 1 {
		t.Errorf("what is no question: %t, %v", ok, errs)
	}
}
