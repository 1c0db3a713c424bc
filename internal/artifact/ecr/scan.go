package ecr

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// ScanRules say which findings let the evidence pass.
type ScanRules struct {
	// AtMost is how many findings there may be of a severity, "critical"; what is not
	// named may have any number. Nil means none that is critical.
	AtMost map[string]int64 `json:"at_most,omitempty"`
	// MaxAge is how old a scan may be; 0 means 7 days.
	MaxAge field.Duration `json:"max_age,omitempty"`
}

// DefaultMaxAge is how old a scan may be unless the author says otherwise.
const DefaultMaxAge = 7 * 24 * time.Hour

// severities are those of basic and of enhanced scans, the worst first. Basic scans
// call what nobody has rated undefined, enhanced ones untriaged.
var severities = []string{"critical", "high", "medium", "low", "informational", "undefined", "untriaged"}

func (s ScanRules) validate() field.Errors {
	var errs field.Errors
	for _, name := range slices.Sorted(maps.Keys(s.AtMost)) {
		path := fmt.Sprintf("at_most[%q]", name)
		if !slices.Contains(severities, name) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%.40q is not a severity; it must be %s, for example { critical = 0, high = 5 }", name, strings.Join(severities, ", "))})
		} else if s.AtMost[name] < 0 {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%d is negative; it must be a whole number from 0 on, for example { critical = 0, high = 5 }", s.AtMost[name])})
		}
	}
	if s.AtMost != nil && len(s.AtMost) == 0 {
		errs = append(errs, field.Error{Path: "at_most", Msg: "it names no severity, and then any finding would pass; name one, or leave it out for none that is critical, for example { critical = 0, high = 5 }"})
	}
	if s.MaxAge < 0 {
		errs = append(errs, field.Error{Path: "max_age", Msg: "the age is negative; for example \"168h\""})
	}
	return errs
}

func (s ScanRules) atMost() map[string]int64 {
	if s.AtMost == nil {
		return map[string]int64{"critical": 0}
	}
	return s.AtMost
}

// The kinds of scans.
const (
	basic    = "basic"
	enhanced = "enhanced"
)

// none is the status of an image that was never scanned; the others are ECR's.
const none = "NONE"

// Scan is what is known of an image's scan. Of an index it is that of its platforms:
// the worst status, the oldest time, and of each severity the greatest count.
type Scan struct {
	// Type is "basic" or "enhanced"; empty while nobody can tell.
	Type string `json:"type,omitempty"`
	// Status is ECR's: "COMPLETE", "ACTIVE", "IN_PROGRESS" and so on, or "NONE".
	Status      string `json:"status"`
	Description string `json:"description,omitempty"`
	// CompletedAt is when the scan ended, and SourceUpdatedAt of when its list of
	// vulnerabilities is. AgeSeconds is how long ago it ended, by our clock.
	CompletedAt     string `json:"completed_at,omitempty"`
	SourceUpdatedAt string `json:"source_updated_at,omitempty"`
	AgeSeconds      *int64 `json:"age_seconds,omitempty"`
	// Counts are the findings of each severity, by its name in lower case. It is nil
	// where there is no result.
	Counts map[string]int64 `json:"counts,omitempty"`

	completed, source time.Time
	// platform is whose scan it is; empty for a single image.
	platform string
}

// scan reads the findings, and judges them.
func (r *Registry) scan(ctx context.Context, c *client, i *Image) error {
	targets := i.children
	if len(targets) == 0 {
		targets = []child{{digest: i.Digest}}
	}
	scans := make([]Scan, 0, len(targets))
	for _, t := range targets {
		s, err := r.findings(ctx, c, t)
		if err != nil {
			return err
		}
		scans = append(scans, s)
	}
	now := r.clock.Now()
	whole := together(scans)
	whole.write(now)
	i.Scan = &whole
	i.Evidence = append(i.Evidence, r.query.Scan.judge(whole, i, now))
	return nil
}

// findings reads the scan of one image. One page is enough: the counts stand on each.
func (r *Registry) findings(ctx context.Context, c *client, of child) (Scan, error) {
	s := Scan{platform: of.platform}
	out, err := c.DescribeImageScanFindings(ctx, &awsecr.DescribeImageScanFindingsInput{RegistryId: r.registry(), RepositoryName: r.name(), ImageId: &types.ImageIdentifier{ImageDigest: aws.String(of.digest)}})
	switch code := awscloud.Code(err); {
	case code == "ScanNotFoundException", code == "ImageNotFoundException" && of.platform != "":
		s.Status = none
		return s, nil
	case err != nil:
		return s, r.failed(err)
	}
	s.Status = none
	if out.ImageScanStatus != nil {
		s.Status, s.Description = cmp.Or(string(out.ImageScanStatus.Status), none), aws.ToString(out.ImageScanStatus.Description)
	}
	f := out.ImageScanFindings
	if f == nil {
		return s, nil
	}
	s.Type, s.completed, s.source = kindOf(s.Status, f), aws.ToTime(f.ImageScanCompletedAt), aws.ToTime(f.VulnerabilitySourceUpdatedAt)
	if settled(s.Status) {
		s.Counts = map[string]int64{}
		for severity, n := range f.FindingSeverityCounts {
			s.Counts[strings.ToLower(severity)] = int64(n)
		}
	}
	return s, nil
}

// kindOf tells an enhanced scan by its findings, and where there are none by a status
// that only it has.
func kindOf(status string, f *types.ImageScanFindings) string {
	switch {
	case len(f.EnhancedFindings) > 0, len(f.Findings) == 0 && status == string(types.ScanStatusActive):
		return enhanced
	}
	return basic
}

// settled is whether a status comes with a result.
func settled(status string) bool {
	return status == string(types.ScanStatusComplete) || status == string(types.ScanStatusActive)
}

// together puts the scans of platforms together. There is at least one.
func together(scans []Scan) Scan {
	whole := scans[0]
	whole.Counts = maps.Clone(whole.Counts)
	for _, s := range scans[1:] {
		if settled(whole.Status) && !settled(s.Status) {
			whole.Status, whole.Description, whole.platform = s.Status, s.Description, s.platform
		}
		if s.completed.Before(whole.completed) {
			whole.completed = s.completed
		}
		if s.source.Before(whole.source) {
			whole.source = s.source
		}
		whole.Type = cmp.Or(whole.Type, s.Type)
		if whole.Counts == nil || s.Counts == nil {
			whole.Counts = nil // A part of the findings would look like the whole.
			continue
		}
		for severity, n := range s.Counts {
			whole.Counts[severity] = max(whole.Counts[severity], n)
		}
	}
	return whole
}

// write gives the times as the schema has them.
func (s *Scan) write(now time.Time) {
	if !s.completed.IsZero() {
		s.CompletedAt = s.completed.UTC().Format(time.RFC3339)
		age := int64(now.Sub(s.completed).Seconds())
		s.AgeSeconds = &age
	}
	if !s.source.IsZero() {
		s.SourceUpdatedAt = s.source.UTC().Format(time.RFC3339)
	}
}

// judge makes evidence of a scan. What is not known is unknown, and never a pass.
func (s ScanRules) judge(scan Scan, i *Image, now time.Time) gate.Evidence {
	e := gate.Evidence{Kind: gate.ScanEvidence, Digest: i.Digest, Source: i.RepositoryURI, At: scan.CompletedAt, Status: gate.Unknown}
	if e.Reason, e.Remedy = unsettled(scan); e.Reason != "" {
		return e
	}
	age := cmp.Or(s.MaxAge.Std(), DefaultMaxAge)
	switch {
	case scan.completed.IsZero():
		e.Reason, e.Remedy = "ECR does not say when the scan ended, so nobody can tell how old it is", "scan the image again: aws ecr start-image-scan"
		return e
	case now.Sub(scan.completed) > age:
		e.Reason = fmt.Sprintf("the scan ended at %s and is older than %s", scan.CompletedAt, field.FormatDuration(age))
		e.Remedy = "scan the image again (aws ecr start-image-scan), or switch continuous scanning on"
		return e
	}
	e.ExpiresAt = scan.completed.Add(age).UTC().Format(time.RFC3339)
	var over []string
	for _, severity := range severities {
		if limit, ok := s.atMost()[severity]; ok && scan.Counts[severity] > limit {
			over = append(over, fmt.Sprintf("%d %s (at most %d)", scan.Counts[severity], severity, limit))
		}
	}
	e.Status, e.Reason = gate.Pass, "the "+scan.Type+" scan found "+counted(scan.Counts)
	if len(over) > 0 {
		e.Status, e.Reason, e.Remedy = gate.Fail, "the "+scan.Type+" scan found "+strings.Join(over, ", "), "release an image in which they are fixed, or raise scan.at_most if you accept them"
	}
	return e
}

// counted writes counts for people, the worst first.
func counted(counts map[string]int64) string {
	var parts []string
	for _, severity := range severities {
		if n := counts[severity]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// unsettled says why there is no result that could be judged; empty when there is one.
func unsettled(scan Scan) (reason, remedy string) {
	if settled(scan.Status) && scan.Counts != nil {
		return "", ""
	}
	const start = "start one (aws ecr start-image-scan), or set scan_on_push"
	switch types.ScanStatus(scan.Status) {
	case none:
		reason, remedy = "the image was never scanned", start
	case types.ScanStatusInProgress, types.ScanStatusPending:
		reason, remedy = "the scan is in progress", "plan again when it has ended"
	case types.ScanStatusFailed:
		reason, remedy = "the scan failed", "look at the description of the scan, and start another"
	case types.ScanStatusUnsupportedImage:
		reason, remedy = "ECR cannot scan images of this kind", "release an image that can be scanned, or bring evidence of another scanner"
	case types.ScanStatusScanEligibilityExpired:
		reason, remedy = "the image is too old for continuous scanning, and what was found is no longer kept up to date", "prolong the re-scan duration, or build the image anew"
	case types.ScanStatusFindingsUnavailable, types.ScanStatusLimitExceeded, types.ScanStatusImageArchived:
		reason, remedy = "there are no findings ("+scan.Status+")", start
	default:
		reason, remedy = "ECR gives no findings and says "+scan.Status, start
	}
	if scan.platform != "" {
		reason += ", for " + scan.platform
	}
	if scan.Description != "" {
		reason += ": " + strings.TrimSuffix(scan.Description, ".")
	}
	return reason, remedy
}
