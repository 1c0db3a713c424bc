package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
)

// contractJSON is what sluice contract test --json writes.
type contractJSON struct {
	URL string `json:"url"`
	// Holds is true when no check failed.
	Holds         bool            `json:"holds"`
	Passed        int             `json:"passed"`
	Failed        int             `json:"failed"`
	NotApplicable int             `json:"not_applicable"`
	Checks        []checks.Result `json:"checks"`
}

type contractFlags struct {
	a, b, tokenEnv        string
	patience, revertAfter string
}

func (a *app) contractCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "contract",
		Short:   "Hold a server to the deployment contract",
		Example: "  " + contractExample,
	}, a.contractTestCommand())
}

const contractExample = "sluice contract test http://127.0.0.1:7070 --a REFERENCE --b REFERENCE"

func (a *app) contractTestCommand() *cobra.Command {
	var f contractFlags
	cmd := a.reads(&cobra.Command{
		Use:   "test URL --a REFERENCE --b REFERENCE",
		Short: "Run the contract's checks against anybody's server",
		Long: `Runs every check of the deployment contract against the server at URL and prints
what fails, with what would happen to users. It needs two artifacts that the server
can install. It changes what the server serves: afterwards one of the two serves
alone. Never run it against a server with users.`,
		Example: "  " + contractExample + "\n  " + contractExample + " --token-env CONTRACT_TOKEN --patience 2m --revert-after 2s --json",
		Args:    takes("URL"),
	})
	flags := cmd.Flags()
	flags.StringVar(&f.a, "a", "", "reference of one artifact, ending in its digest (required)")
	flags.StringVar(&f.b, "b", "", "reference of another one (required)")
	flags.StringVar(&f.tokenEnv, "token-env", "", "environment variable that holds the bearer token")
	flags.StringVar(&f.patience, "patience", "1m", "how long an artifact may take to come up")
	flags.StringVar(&f.revertAfter, "revert-after", "2s", "with what the dead-man switch is armed; much longer than one call")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		env, err := a.contractEnv(ctx, args[0], f)
		if err != nil {
			return err
		}
		// Otherwise every check would fail, each with its own idea of what that means.
		if _, err := env.Target.Capabilities(ctx); err != nil {
			if why, ok := uncheckable[target.CodeOf(err)]; ok {
				return fmt.Errorf("%s, so nothing was checked: %w", why, err)
			}
		}
		out := contractJSON{URL: args[0], Checks: []checks.Result{}}
		checks.Run(ctx, env, func(r checks.Result) { a.checked(&out, r) })
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("the checks were stopped after %d: %w", len(out.Checks), err)
		}
		out.Holds = out.Failed == 0
		if a.asJSON {
			if err := a.writeJSON(out); err != nil {
				return err
			}
		} else {
			a.say("%d passed, %d failed, %d do not apply", out.Passed, out.Failed, out.NotApplicable)
		}
		if !out.Holds {
			return fmt.Errorf("the server does not hold the contract: %d of %d checks failed", out.Failed, len(out.Checks))
		}
		return nil
	})
	return cmd
}

// uncheckable are the answers to the first call after which no check says anything.
var uncheckable = map[target.Code]string{
	target.CodeUnavailable:  "no server answers there",
	target.CodeNotFound:     "what answers there is not the contract; it must be the URL to which /v1/capabilities is added",
	target.CodeUnauthorized: "the server refuses the credentials",
}

// contractEnv opens the server and reads the two artifacts.
func (a *app) contractEnv(ctx context.Context, url string, f contractFlags) (*checks.Env, error) {
	env := &checks.Env{Clock: a.clock}
	for _, p := range []struct {
		flag, reference string
		into            *artifact.Payload
	}{{"--a", f.a, &env.A}, {"--b", f.b, &env.B}} {
		p.into.Artifact = artifact.Artifact{Version: p.flag[2:], Reference: p.reference}
		if errs := p.into.Validate(); len(errs) > 0 {
			return nil, badInput("%s: %w", p.flag, errs)
		}
	}
	if env.A.Same(env.B) {
		return nil, badInput("--a and --b name the same artifact; the checks need two that differ")
	}
	for _, d := range []struct {
		flag, text string
		into       *time.Duration
	}{{"--patience", f.patience, &env.Patience}, {"--revert-after", f.revertAfter, &env.RevertAfter}} {
		parsed, problem := field.ParseDuration(d.text, false)
		if problem != "" {
			return nil, badInput("%s: %s", d.flag, problem)
		}
		*d.into = parsed
	}
	config := contract.Config{URL: url}
	if f.tokenEnv != "" {
		config.Token = &credential.Reference{Env: f.tokenEnv}
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	if errs := contract.Validate(raw); len(errs) > 0 {
		return nil, badInput("%w", errs)
	}
	env.Target, err = contract.Driver().Open(ctx, raw, target.Deps{Clock: a.clock, UserAgent: a.userAgent()})
	return env, err
}

// checked counts a result and, in text, shows it as it comes.
func (a *app) checked(out *contractJSON, r checks.Result) {
	out.Checks = append(out.Checks, r)
	switch r.Status {
	case checks.Pass:
		out.Passed++
	case checks.Fail:
		out.Failed++
	default:
		out.NotApplicable++
	}
	switch {
	case a.asJSON:
	case r.Status == checks.Fail:
		a.say("fail  %s\n      %s\n      why it matters: %s", r.Name, r.Detail, r.Why)
	case r.Status == checks.Pass:
		a.say("pass  %s", r.Name)
	default:
		a.say("n/a   %s: %s", r.Name, r.Detail)
	}
}
