package lambdatest

import (
	"strings"
)

func (f *Function) alias(in map[string]any) (any, *problem) {
	if f.Alias.Gone || in["Name"] != f.AliasName {
		return nil, notFound("Cannot find alias arn: " + f.ARN(in["Name"].(string))) //nolint:forcetypeassert // The model requires it.
	}
	out := map[string]any{"AliasArn": f.ARN(f.AliasName), "Name": f.AliasName, "FunctionVersion": f.Alias.Version, "Description": f.Alias.Description, "RevisionId": id(f.Alias.Revision)}
	if len(f.Alias.Weights) > 0 {
		out["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": f.Alias.Weights}
	}
	return out, nil
}

func (f *Function) updateAlias(in map[string]any) (any, *problem) {
	if f.Alias.Gone || in["Name"] != f.AliasName {
		return nil, notFound("Cannot find alias arn: " + f.ARN(f.AliasName))
	}
	if p := stale(in, f.Alias.Revision); p != nil {
		return nil, p
	}
	next := f.Alias
	if v, ok := in["FunctionVersion"].(string); ok {
		next.Version = v
	}
	if d, ok := in["Description"].(string); ok {
		next.Description = d
	}
	if routing, ok := in["RoutingConfig"].(map[string]any); ok {
		next.Weights = map[string]float64{}
		weights, _ := routing["AdditionalVersionWeights"].(map[string]any)
		for v, w := range weights {
			next.Weights[v], _ = w.(float64)
		}
	}
	if f.Versions[next.Version] == nil && next.Version != "$LATEST" {
		return nil, notFound("Function not found: " + f.ARN(next.Version))
	}
	if len(next.Weights) > 1 {
		return nil, invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for v := range next.Weights {
		switch {
		case f.Versions[v] == nil:
			return nil, notFound("Function not found: " + f.ARN(v))
		case v == next.Version, next.Version == "$LATEST":
			return nil, invalid("Invalid function version %s. Function version %s is already included in routing configuration, or is $LATEST", v, next.Version)
		case next.Concurrency > 0:
			return nil, invalid("Alias with weights can not be used with Provisioned Concurrency")
		}
	}
	next.Revision = f.next()
	f.Alias = next
	return f.alias(in)
}

func (f *Function) updateCode(in map[string]any) (any, *problem) {
	if p := stale(in, f.Latest.Revision); p != nil {
		return nil, p
	}
	if f.Latest.Looks > 0 {
		return nil, &problem{409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: " + f.ARN("")}
	}
	var code Code
	if image, ok := in["ImageUri"].(string); ok {
		code = f.Objects[image]
		if code.Image == "" || f.Latest.Code.Image == "" {
			return nil, invalid("Source image %s does not exist, or the function is no image", image)
		}
	} else {
		bucket, _ := in["S3Bucket"].(string)
		key, _ := in["S3Key"].(string)
		code = f.Objects[bucket+"/"+key]
		if code.Sha256 == "" || f.Latest.Code.Image != "" {
			return nil, invalid("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
		}
	}
	if dry, _ := in["DryRun"].(bool); dry {
		return f.configuration(f.Latest), nil
	}
	f.Latest.Code, f.Latest.Revision, f.Latest.Looks = code, f.next(), f.Slow
	return f.configuration(f.Latest), nil
}

func (f *Function) publish(in map[string]any) (any, *problem) {
	if p := stale(in, f.Latest.Revision); p != nil {
		return nil, p
	}
	if sum, ok := in["CodeSha256"].(string); ok && sum != f.Latest.Code.Sha256 {
		return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", sum, f.Latest.Code.Sha256)
	}
	if f.Latest.Looks > 0 {
		return nil, &problem{409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress"}
	}
	// Nothing has changed: AWS publishes nothing.
	for _, v := range f.Versions {
		if v.Code == f.Latest.Code && v.Config == f.Latest.Config && v.Number == f.newest() {
			return f.configuration(v), nil
		}
	}
	description, _ := in["Description"].(string)
	return f.configuration(f.Versions[f.Publish(description)]), nil
}

func (f *Function) newest() string {
	best := ""
	for n := range f.Versions {
		if len(n) > len(best) || len(n) == len(best) && n > best {
			best = n
		}
	}
	return best
}

func (f *Function) concurrency(operation string, in map[string]any) (any, *problem) {
	none := &problem{404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function"}
	if operation == "ListProvisionedConcurrencyConfigs" {
		list := []any{}
		if f.Alias.Concurrency > 0 {
			list = append(list, map[string]any{"FunctionArn": f.ARN(f.AliasName), "RequestedProvisionedConcurrentExecutions": f.Alias.Concurrency, "Status": "READY"})
		}
		for n, v := range f.Versions {
			if v.Concurrency > 0 {
				list = append(list, map[string]any{"FunctionArn": f.ARN(n), "RequestedProvisionedConcurrentExecutions": v.Concurrency, "Status": "READY"})
			}
		}
		return map[string]any{"ProvisionedConcurrencyConfigs": list}, nil
	}
	v, p := f.version(in)
	switch q := in["Qualifier"]; {
	case p != nil:
		return nil, p
	case q == f.AliasName && operation == "PutProvisionedConcurrencyConfig":
		// It is the alias's own then, whatever version it names.
		n, _ := in["ProvisionedConcurrentExecutions"].(float64)
		f.Alias.Concurrency = int(n)
		f.next()
		return map[string]any{"RequestedProvisionedConcurrentExecutions": f.Alias.Concurrency, "Status": "READY"}, nil
	case q == f.AliasName:
		return nil, none
	case v == f.Latest:
		return nil, invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	case operation == "PutProvisionedConcurrencyConfig":
		n, _ := in["ProvisionedConcurrentExecutions"].(float64)
		v.Concurrency, v.ConcurrencyLooks, v.Revision = int(n), f.Slow, f.next()
	case v.Concurrency == 0:
		return nil, none
	case strings.HasPrefix(operation, "Delete"):
		v.Concurrency, v.Revision = 0, f.next()
		return nil, nil //nolint:nilnil // It is answered with nothing.
	}
	status := "READY"
	if v.ConcurrencyLooks > 0 {
		status, v.ConcurrencyLooks = "IN_PROGRESS", v.ConcurrencyLooks-1
	}
	return map[string]any{"RequestedProvisionedConcurrentExecutions": v.Concurrency, "Status": status}, nil
}
