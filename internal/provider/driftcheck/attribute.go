package driftcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
)

// attributeOf is the attribute in which all that differs is declared, as closely as one
// attribute can say it. What the target says is of the release.
func attributeOf(check drift.Check, report drift.Report) path.Path {
	var all []string
	for _, f := range report.Differences {
		all = append(all, declaredIn(check, f))
	}
	if len(all) == 0 || slices.Contains(all, "") {
		return path.Root("release")
	}
	for _, cut := range []func(string) string{func(at string) string { return at }, thing, root} {
		if first := cut(all[0]); !slices.ContainsFunc(all, func(at string) bool { return cut(at) != first }) {
			return diags.Path(path.Empty(), first)
		}
	}
	return path.Root("release")
}

// thing is the declared thing that a path is of: `documents["settings"]`.
func thing(at string) string {
	if before, _, cut := strings.Cut(at, "\"]"); cut {
		return before + "\"]"
	}
	return at
}

// root is the first attribute of a path.
func root(at string) string {
	before, _, _ := strings.Cut(at, "[")
	return before
}

// declaredIn is the attribute of what a finding is about; empty for what no attribute
// declares, since the ledger says it.
func declaredIn(check drift.Check, f drift.Finding) string {
	name, rest, _ := strings.Cut(f.Path, ".")
	if _, ok := check.Fields[f.Path]; ok {
		return fmt.Sprintf("fields[%q]", f.Path)
	}
	if d, ok := check.Documents[name]; ok {
		at := fmt.Sprintf("documents[%q]", name)
		switch _, stated := d.Paths[rest]; {
		case stated:
			return at + fmt.Sprintf(".paths[%q]", rest)
		case f.Kind == drift.KindUnknown && d.URL != "":
			return at + ".url"
		case f.Kind == drift.KindUnknown:
			return at + ".file"
		}
		return at + ".sha256"
	}
	if _, ok := check.SecurityGroups[name]; ok {
		at := fmt.Sprintf("security_groups[%q]", name)
		if direction, _, _ := strings.Cut(rest, "."); direction == drift.Ingress || direction == drift.Egress {
			return at + "." + direction
		}
		return below(at, f.At)
	}
	if r, ok := check.Resources[name]; ok {
		at := fmt.Sprintf("resources[%q]", name)
		if _, stated := r.Paths[rest]; stated {
			return at + fmt.Sprintf(".paths[%q]", rest)
		}
		return below(at, f.At)
	}
	if _, ok := check.Images[name]; ok {
		return below(fmt.Sprintf("images[%q]", name), f.At)
	}
	return ""
}

// outside is whether a finding is about something that is not of the target.
func outside(check drift.Check, f drift.Finding) bool {
	at := declaredIn(check, f)
	return at != "" && root(at) != "fields"
}

func below(at, more string) string {
	if more == "" {
		return at
	}
	return at + "." + more
}
