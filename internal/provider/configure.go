package provider

import (
	"context"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
)

// Configure implements provider.Provider. It creates nothing: a plan must not create
// a ledger.
func (p *Provider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	c := &client.Client{World: p.world}
	resp.ResourceData, resp.DataSourceData = c, c
	resp.ListResourceData, resp.ActionData, resp.EphemeralResourceData = c, c, c
	if config.unknown() {
		c.Unknown = true
		resp.Diagnostics.AddWarning("The provider block of sluice is not known yet",
			"The ledger cannot be asked before an apply has made its configuration known. Until then releases are planned with unknown values, and no gate is shown. "+
				"Give the ledger as a literal value, for example ledger = \"sqlite:.sluice/ledger.db\", to see them at plan.")
		return
	}
	c.Actor = config.Actor.ValueString()
	if c.Actor == "" {
		c.Actor = client.Actor(p.world.Getenv)
	}
	if text := config.LeaseTTL.ValueString(); text != "" {
		ttl, err := time.ParseDuration(text)
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("lease_ttl"), "Invalid duration", err.Error())
			return
		}
		c.LeaseTTL = ttl
	}
	until, wrong := client.Until(p.world)
	if wrong != "" {
		resp.Diagnostics.AddError("Invalid "+operator.WaitAtMostEnv, sentence(wrong))
		return
	}
	c.Until = until
	url, err := p.url(config)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("ledger"), "Unable to choose the ledger", sentence(err.Error()))
		return
	}
	c.URL = url
	if !p.scopes(ctx, c, config, resp) {
		return
	}
	patient, cancel := c.Patiently(ctx)
	defer cancel()
	if !look(patient, c, resp) {
		return
	}
	if c.Scopes.Scope == "" {
		// Most such ledgers have no scope, and a rollback may stand behind this.
		ctx = patient
	}
	fits(ctx, c, resp)
}

// look says on the attribute what is wrong with the place of the ledger, and whether it
// can be used.
func look(ctx context.Context, c *client.Client, resp *provider.ConfigureResponse) bool {
	cautions, err := c.Look(ctx)
	at := path.Root("ledger")
	if err != nil {
		summary, detail := diags.Unable("use", "the ledger", ledgers.Place(c.URL), err)
		resp.Diagnostics.AddAttributeError(at, summary, detail+"\nTo go back meanwhile: sluice rollback --spec FILE")
		return false
	}
	for _, f := range cautions {
		resp.Diagnostics.AddAttributeWarning(at, fmt.Sprintf("The ledger %s is not as it should be: %s", ledgers.Place(c.URL), f.Check),
			fmt.Sprintf("What is wrong: %s.\nWhat to do: %s.\nThe plan goes on all the same; sluice ledger check looks at the rest.", f.Value, f.Remedy))
	}
	return true
}

// unknown is whether a part of the block is not known yet.
func (m model) unknown() bool {
	if m.Ledger.IsUnknown() || m.Scope.IsUnknown() || m.Above.IsUnknown() || m.Actor.IsUnknown() || m.LeaseTTL.IsUnknown() {
		return true
	}
	for _, v := range m.Above.Elements() {
		if v.IsUnknown() {
			return true
		}
	}
	return false
}

// url is the ledger's: the block's, else the environment's, else the default where
// that is allowed.
func (p *Provider) url(config model) (string, error) {
	url := config.Ledger.ValueString()
	if config.Ledger.IsNull() {
		url = p.world.Getenv("SLUICE_LEDGER")
		if url == "" {
			return ledgers.Default(), ledgers.CheckImplicit(p.world.Getenv, p.world.Dir)
		}
	}
	return url, ledgers.Check(url)
}

func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// actorCheck checks the name of whoever acts.
type actorCheck struct{}

// Description implements validator.String.
func (actorCheck) Description(context.Context) string {
	return "1 to 128 characters without control characters"
}

// MarkdownDescription implements validator.String.
func (c actorCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (actorCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	text := req.ConfigValue.ValueString()
	bad := text == "" || utf8.RuneCountInString(text) > 128
	for _, r := range text {
		bad = bad || unicode.IsControl(r)
	}
	if bad {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid actor",
			fmt.Sprintf("%.40q is not an actor; it has 1 to 128 characters without control characters, for example \"ci@acme\"", text))
	}
}
