package observed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/smithy-go"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// control is what of Cloud Control is called. It can do nothing but read.
type control struct {
	GetResource func(context.Context, *cloudcontrol.GetResourceInput, ...func(*cloudcontrol.Options)) (*cloudcontrol.GetResourceOutput, error)
}

// Resources implements drift.Cloud: one call for each resource.
func (r Reader) Resources(ctx context.Context, of release.Key, resources map[string]drift.Resource) map[string]drift.Content {
	at := r.places(of)
	return each(ctx, resources, func(ctx context.Context, d drift.Resource) drift.Content {
		s, err := at.session(d.AWS)
		if err != nil {
			return drift.Content{Err: err}
		}
		properties, err := propertiesOf(ctx, s, d)
		return drift.Content{Bytes: properties, Err: err}
	})
}

func propertiesOf(ctx context.Context, s *awscloud.Session, d drift.Resource) ([]byte, error) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, failed(ctx, s, "Cloud Control", err)
	}
	api := control{GetResource: cloudcontrol.NewFromConfig(cfg).GetResource}
	out, err := api.GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: aws.String(d.Type), Identifier: aws.String(d.Identifier)})
	if err != nil {
		return nil, notRead(ctx, s, d, err)
	}
	if out.ResourceDescription == nil || out.ResourceDescription.Properties == nil {
		return nil, fmt.Errorf("the answer of Cloud Control in %s has no properties", s.Settings().Region)
	}
	return []byte(*out.ResourceDescription.Properties), nil
}

// mayNot is how AWS says what a policy lacks. Cloud Control reads by the right of
// whoever asks, so it is often not an action of its own.
var mayNot = pattern.New(`not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)`)

// notRead says why there are no properties.
func notRead(ctx context.Context, s *awscloud.Session, d drift.Resource, err error) error {
	e := s.Explain(err)
	switch code := awscloud.Code(err); {
	case e.Kind == awscloud.NotFound:
		return gone(s, "identifier")
	case code == "TypeNotFoundException":
		return &drift.AtError{At: "type", Err: fmt.Errorf("no type %s is known to Cloud Control in %s; look at its name, at the region, and whether the account has activated it", d.Type, s.Settings().Region)}
	case code == "UnsupportedActionException":
		return &drift.AtError{At: "type", Err: fmt.Errorf("the type %s is none that Cloud Control can read; declare what matters of it as a document, or leave it out", d.Type)}
	}
	said := own(err)
	switch m := mayNot.FindStringSubmatch(said); {
	case m != nil && m[1] == readAction:
		return failed(ctx, s, "Cloud Control", s.Lacks([]string{readAction}))
	case m != nil:
		return fmt.Errorf("%w; %s", failed(ctx, s, "Cloud Control", s.Lacks([]string{m[1]})), needs(d.Type))
	case e.Kind == awscloud.Denied || denied.MatchString(said):
		return fmt.Errorf("a right to read it is missing, and Cloud Control in %s does not say which (%s); %s", s.Settings().Region, said, needs(d.Type))
	}
	return failed(ctx, s, "Cloud Control", err)
}

// readAction is Cloud Control's own action, which IAM names whenever it is missing.
const readAction = "cloudformation:GetResource"

// denied is how types say that they may not read something, without saying what.
var denied = pattern.New(`(?i)access ?denied|not authorized|unauthorized`)

// needs says where AWS tells what reading a type takes: only AWS knows, and it changes.
func needs(name string) string {
	return fmt.Sprintf("all that reading the type takes is under handlers.read.permissions in its schema: aws cloudformation describe-type --type RESOURCE --type-name %s --query Schema --output text", name)
}

// maxSaid bounds what AWS may put into our messages, in characters.
const maxSaid = 300

// own is what AWS says of an error in its own words, in one line; empty for nothing.
func own(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	runes := []rune(strings.Join(strings.Fields(e.ErrorMessage()), " "))
	if len(runes) > maxSaid {
		return string(runes[:maxSaid]) + "..."
	}
	return string(runes)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
