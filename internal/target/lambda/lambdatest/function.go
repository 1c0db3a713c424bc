package lambdatest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Code is what runs: the base64 digest of a package, or an image.
type Code struct {
	Sha256, Image string
}

// Function is a function with its versions and one alias.
type Function struct {
	Name, AliasName string
	// Objects are the packages in S3, by "bucket/key".
	Objects map[string]Code
	// Slow is how many looks an update of the code, and a new version, take to end.
	Slow int
	// Broken lists codes of which no version becomes active.
	Broken []string
	// EventSources are the functions that event sources invoke.
	EventSources []string

	Latest   *Version
	Versions map[string]*Version
	Alias    Alias
	Config   int
	last     int
	serial   int
}

// Version is one version.
type Version struct {
	Number      string
	Code        Code
	Description string
	// Config stands for the configuration.
	Config   int
	Revision int
	// Looks are left until it is done.
	Looks int
	// Concurrency is what is provisioned; ready when no looks are left.
	Concurrency, ConcurrencyLooks int
	// Role is its role's ARN, DeadLetters that of its dead-letter queue; empty is the
	// role that all have, and no queue.
	Role, DeadLetters string
}

// Alias is an alias.
type Alias struct {
	Gone                 bool
	Version, Description string
	Weights              map[string]float64
	Revision             int
	Concurrency          int
}

type problem struct {
	status     int
	code, text string
}

func newFunction(name, alias string, first Code) *Function {
	f := &Function{Name: name, AliasName: alias, Objects: map[string]Code{}, Versions: map[string]*Version{}}
	f.Latest = &Version{Number: "$LATEST", Code: first, Revision: f.next()}
	f.Publish("")
	f.Alias = Alias{Version: "1", Revision: f.next()}
	return f
}

func (f *Function) next() int { f.serial++; return f.serial }

// revisions changes whenever something does.
func (f *Function) revisions() int { return f.serial }

// Publish publishes a version as somebody else would, and returns its number.
func (f *Function) Publish(description string) string {
	f.last++
	number := strconv.Itoa(f.last)
	f.Versions[number] = &Version{Number: number, Code: f.Latest.Code, Config: f.Latest.Config, Description: description, Revision: f.next(), Looks: f.Slow}
	return number
}

// Route sets the alias as somebody else would.
func (f *Function) Route(version string, weights map[string]float64) {
	f.Alias.Version, f.Alias.Weights, f.Alias.Revision = version, weights, f.next()
}

func (f *Function) do(operation string, in map[string]any) (any, *problem) {
	name, _ := in["FunctionName"].(string)
	if name != "" && name != f.Name {
		return nil, notFound("Function not found: " + name)
	}
	switch operation {
	case "GetAlias":
		return f.alias(in)
	case "UpdateAlias":
		return f.updateAlias(in)
	case "GetFunctionConfiguration":
		v, p := f.version(in)
		if p != nil {
			return nil, p
		}
		return f.configuration(v), nil
	case "GetFunction":
		v, p := f.version(in)
		if p != nil {
			return nil, p
		}
		return map[string]any{"Configuration": f.configuration(v), "Code": map[string]any{"RepositoryType": "ECR", "ImageUri": v.Code.Image, "ResolvedImageUri": v.Code.Image}}, nil
	case "ListVersionsByFunction":
		return f.list(in)
	case "UpdateFunctionCode":
		return f.updateCode(in)
	case "PublishVersion":
		return f.publish(in)
	case "ListEventSourceMappings":
		list := []any{}
		for _, arn := range f.EventSources {
			list = append(list, map[string]any{"FunctionArn": arn, "EventSourceArn": "arn:aws:sqs:eu-central-1:123456789012:orders"})
		}
		return map[string]any{"EventSourceMappings": list}, nil
	}
	return f.concurrency(operation, in)
}

// ARN is the function's, with a qualifier where it is not empty.
func (f *Function) ARN(qualifier string) string {
	arn := "arn:aws:lambda:eu-central-1:123456789012:function:" + f.Name
	if qualifier != "" {
		arn += ":" + qualifier
	}
	return arn
}

func notFound(text string) *problem { return &problem{404, "ResourceNotFoundException", text} }
func invalid(format string, args ...any) *problem {
	return &problem{400, "InvalidParameterValueException", fmt.Sprintf(format, args...)}
}

// stale checks a revision that came with a request.
func stale(in map[string]any, revision int) *problem {
	if got, ok := in["RevisionId"].(string); ok && got != id(revision) {
		return &problem{412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"}
	}
	return nil
}

func id(revision int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", revision) }

func (f *Function) version(in map[string]any) (*Version, *problem) {
	q, _ := in["Qualifier"].(string)
	if q == f.AliasName {
		q = f.Alias.Version
	}
	if q == "" || q == "$LATEST" {
		return f.Latest, nil
	}
	v := f.Versions[q]
	if v == nil {
		return nil, notFound("Function not found: " + f.ARN(q))
	}
	return v, nil
}

// configuration answers with a version. Each look brings it nearer to its end.
func (f *Function) configuration(v *Version) map[string]any {
	out := map[string]any{
		"FunctionName": f.Name, "FunctionArn": f.ARN(v.Number), "Version": v.Number, "Description": v.Description, "RevisionId": id(v.Revision),
		"PackageType": "Zip", "MemorySize": 128, "Timeout": 3, "Role": cmp.Or(v.Role, "arn:aws:iam::123456789012:role/checkout"), "ConfigSha256": fmt.Sprintf("%064d", v.Config),
		"CodeSha256": v.Code.Sha256, "State": "Active", "LastUpdateStatus": "Successful",
	}
	if v.DeadLetters != "" {
		out["DeadLetterConfig"] = map[string]any{"TargetArn": v.DeadLetters}
	}
	if v.Code.Image != "" {
		out["PackageType"] = "Image"
	} else {
		out["Runtime"] = "provided.al2023"
	}
	broken := slices.Contains(f.Broken, v.Code.Sha256)
	switch {
	case v.Looks > 0 && v.Number == "$LATEST":
		out["LastUpdateStatus"] = "InProgress"
	case v.Looks > 0:
		out["State"] = "Pending"
	case broken && v.Number != "$LATEST":
		out["State"], out["StateReason"] = "Failed", "The function could not be initialised"
	}
	v.Looks = max(0, v.Looks-1)
	return out
}

func (f *Function) list(in map[string]any) (any, *problem) {
	numbers := slices.SortedFunc(maps.Keys(f.Versions), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	// A small page, so that there are several.
	const page = 3
	from, _ := strconv.Atoi(fmt.Sprint(in["Marker"]))
	list := []any{}
	for _, n := range numbers[min(from, len(numbers)):min(from+page, len(numbers))] {
		one := f.configuration(f.Versions[n])
		// AWS tells these of a single version alone.
		for _, name := range []string{"State", "StateReason", "LastUpdateStatus"} {
			delete(one, name)
		}
		list = append(list, one)
	}
	out := map[string]any{"Versions": list}
	if from+page < len(numbers) {
		out["NextMarker"] = strconv.Itoa(from + page)
	}
	return out, nil
}
