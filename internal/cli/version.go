package cli

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// versionJSON is what sluice version --json writes.
type versionJSON struct {
	Version string `json:"version"`
	// Commit is the source's, empty where the build did not know.
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Judge is the statistical method, SpecFormat the greatest format of a rollout's
	// record that this binary can take forward.
	Judge      string `json:"judge"`
	SpecFormat int    `json:"spec_format"`
}

func (a *app) versionCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Example: "  sluice version\n  sluice version --json",
		Args:    takes(),
		RunE:    a.does(func(context.Context, []string) error { return a.sayVersion() }),
	})
}

// saysVersion gives the root what people try first with a program that they do not
// know: --version. Without it, the root helps.
func (a *app) saysVersion(root *cobra.Command) {
	asked := root.Flags().Bool("version", false, "say which version this is, as sluice version does")
	root.Flags().BoolVar(&a.asJSON, "json", false, "with --version: write JSON instead of text")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case *asked:
			a.begun = true
			return a.sayVersion()
		case a.asJSON:
			return badInput("--json alone says nothing; name a command, or --version; for example: sluice status --json")
		default:
			return cmd.Help()
		}
	}
}

func (a *app) sayVersion() error {
	v := versionJSON{
		Version: a.version, Commit: commit(), Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Judge:    judge.Version, SpecFormat: release.SpecFormat,
	}
	if a.asJSON {
		return a.writeJSON(v)
	}
	a.say("sluice %s (%s, judge %s)", v.Version, v.Platform, v.Judge)
	return nil
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
