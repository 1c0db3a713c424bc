package functions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/strategy/recommend"
)

// NewRecommendStrategy makes recommend_strategy.
func NewRecommendStrategy() function.Function { return recommendStrategy{} }

type recommendStrategy struct{}

// The types of the answer. All that a strategy takes are those of the attributes of the
// strategy that takes them.
var (
	canaryType     = types.ObjectType{AttrTypes: map[string]attr.Type{"steps": types.ListType{ElemType: stepType}}}
	linearType     = types.ObjectType{AttrTypes: map[string]attr.Type{"step_weight": types.Float64Type, "at_least": types.StringType, "at_most": types.StringType}}
	blueGreenType  = types.ObjectType{AttrTypes: map[string]attr.Type{}}
	rollingType    = types.ObjectType{AttrTypes: map[string]attr.Type{"batch": percenttype.Type{}, "at_least": types.StringType, "at_most": types.StringType}}
	allAtOnceType  = types.ObjectType{AttrTypes: map[string]attr.Type{}}
	recommendedFor = types.ObjectType{AttrTypes: map[string]attr.Type{
		"weight": types.Float64Type, "at_least": types.StringType, "at_most": types.StringType,
		"safe_after": types.StringType, "harm_seen_after": types.StringType, "reason": types.StringType,
	}}
	recommendationType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind": types.StringType, "canary": canaryType, "linear": linearType, "all_at_once": allAtOnceType,
		"blue_green": blueGreenType, "rolling": rollingType, "bake": types.StringType,
		"steps": types.ListType{ElemType: recommendedFor}, "takes": types.StringType, "reasons": types.ListType{ElemType: types.StringType},
	}}
)

// Metadata implements function.Function.
func (recommendStrategy) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "recommend_strategy"
}

const recommendDescription = "Goes from a description of a service to a strategy that can be declared, with the reason of each part in words. " +
	"The length of each step follows from the judge's power at the traffic: it stands until a good version is proved safe and a harmful one would have been seen, each in nine of ten rollouts.\n\n" +
	"It gives `kind` (`canary`, `linear`, `all_at_once`, `blue_green` or `rolling`); an attribute of each of these names, of which one is not null, and `bake`, each as `sluice_deployment_strategy` takes it; " +
	"`steps`, each with its `weight` in percent, `at_least`, `at_most`, `safe_after` (within which time a good version is proved safe), `harm_seen_after` (within which time the harm is seen; null when not within a week) and `reason`; " +
	"`takes`, how long a good rollout takes with its bake; and `reasons`, sentences."

const serviceDescription = "The description, an object with some of these:\n\n" +
	"- `requests_per_minute`, required: the traffic in the quietest hour in which it is released. Example: `600`.\n" +
	"- `stateful`: whether its instances hold state such as sessions or shards. Default: `false`.\n" +
	"- `side_by_side`: whether two versions can run at the same time. Default: `true`.\n" +
	"- `schema_change`: what the release does to the schema of stored data: `none`, `compatible` (both versions can work with it) or `incompatible`. Default: `none`.\n" +
	"- `traffic_splitting`: whether the target can send a share of the traffic to one version. Default: `true`.\n" +
	"- `spare_capacity`: how much can run beside what serves, as a share of it; `100%` is room for a second set. Default: `\"100%\"`.\n" +
	"- `go_back_within`: the wanted time to go back. Example: `\"1m\"`.\n" +
	"- `double_capacity_cost`: the cost of an hour of double capacity, in any currency. Default: `0`.\n" +
	"- `error_rate`: the usual share of bad events, up to `50%`. Default: `\"0.1%\"`.\n" +
	"- `ceiling`: the share that it must stay below, as in the strategy's metric. Default: `\"1%\"`.\n" +
	"- `harm`: how many times the usual errors must be seen. Default: `5`.\n" +
	"- `dispersion`: the variance-to-mean ratio of the bad events; 1 where they come independently. Default: not known, which counts as 2."

// Definition implements function.Function.
func (recommendStrategy) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Recommends a strategy for a service, with reasons",
		MarkdownDescription: recommendDescription,
		// A dynamic value, since an object would have to name every attribute.
		Parameters: []function.Parameter{function.DynamicParameter{Name: "service", MarkdownDescription: serviceDescription}},
		Return:     function.ObjectReturn{AttributeTypes: recommendationType.AttrTypes},
	}
}

// Run implements function.Function.
func (recommendStrategy) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var given types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &given); resp.Error != nil {
		return
	}
	service, msg := described(ctx, given)
	if msg != "" {
		resp.Error = function.NewArgumentFuncError(0, msg)
		return
	}
	found, errs := recommend.For(service)
	if len(errs) > 0 {
		resp.Error = function.NewArgumentFuncError(0, errs.Error())
		return
	}
	value, err := tfconv.FromJSON(ctx, recommendationType, answer(found))
	if err != nil {
		resp.Error = function.NewFuncError(err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, value)
}

// shares are the members that are written with a percent sign, times those that are
// durations. Whether zero is allowed is the domain's to say.
var shares, times = []string{"spare_capacity", "error_rate", "ceiling"}, []string{"go_back_within"}

// described reads the description strictly: a member that nobody knows would
// otherwise be a wish that nobody hears.
func described(ctx context.Context, given types.Dynamic) (recommend.Service, string) {
	const example = "; it is an object, for example { requests_per_minute = 600, spare_capacity = \"100%\" }"
	s := recommend.Defaults()
	raw, err := tfconv.ToJSON(ctx, given)
	members := map[string]json.RawMessage{}
	if err != nil || json.Unmarshal(raw, &members) != nil {
		return s, "the description is no object" + example
	}
	for name, value := range members {
		if string(value) == "null" {
			delete(members, name)
		}
	}
	for _, name := range shares {
		var text string
		if members[name] == nil {
			continue
		}
		if json.Unmarshal(members[name], &text) != nil {
			text = string(members[name])
		}
		share, msg := percenttype.Parse(text)
		if msg != "" {
			return s, name + ": " + msg
		}
		members[name], _ = json.Marshal(share) // A finite number always can be.
	}
	for _, name := range times {
		var text string
		if members[name] == nil {
			continue
		}
		if json.Unmarshal(members[name], &text) != nil {
			text = string(members[name])
		}
		if _, msg := field.ParseDuration(text, true); msg != "" {
			return s, name + ": " + msg
		}
	}
	if raw, err = json.Marshal(members); err != nil {
		return s, err.Error()
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, wrongMember(err) + example
	}
	return s, ""
}

// wrongMember puts the decoder's complaint into the words of an author.
func wrongMember(err error) string {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Sprintf("%s: a %s is not allowed here, a %s is", wrong.Field, wrong.Value, strings.NewReplacer("float64", "number", "recommend.SchemaChange", "string").Replace(wrong.Type.String()))
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return fmt.Sprintf("the description has a member %s that is not known; the page of the function lists those that are", name)
	}
	return err.Error()
}

// answer is the recommendation in the names of the answer's type. A length of 0 is
// none, and so null.
func answer(r recommend.Recommendation) json.RawMessage {
	length := func(d field.Duration) any {
		if d == 0 {
			return nil
		}
		return d
	}
	var declared, steps []any
	for _, s := range r.Steps {
		declared = append(declared, map[string]any{"weight": s.Weight, "at_least": length(s.AtLeast), "at_most": length(s.AtMost)})
		steps = append(steps, map[string]any{
			"weight": s.Weight, "at_least": length(s.AtLeast), "at_most": length(s.AtMost),
			"safe_after": length(s.SafeAfter), "harm_seen_after": length(s.HarmSeenAfter), "reason": s.Reason,
		})
	}
	out := map[string]any{
		"kind": r.Kind, "bake": r.Strategy.Bake, "steps": steps, "takes": field.Duration(r.Takes), "reasons": r.Reasons,
	}
	switch d := r.Strategy; {
	case d.Canary != nil:
		out["canary"] = map[string]any{"steps": declared}
	case d.Linear != nil:
		out["linear"] = map[string]any{"step_weight": d.Linear.StepWeight, "at_least": length(d.Linear.AtLeast), "at_most": length(d.Linear.AtMost)}
	case d.BlueGreen != nil:
		out["blue_green"] = map[string]any{}
	case d.Rolling != nil:
		out["rolling"] = map[string]any{"batch": *d.Rolling.Batch, "at_least": length(d.Rolling.AtLeast), "at_most": length(d.Rolling.AtMost)}
	default:
		out["all_at_once"] = map[string]any{}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return json.RawMessage(`null`)
	}
	return raw
}
