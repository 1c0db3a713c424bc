package notify

import (
	"net/url"
	"path"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// Purl names an artifact as CDEvents wants it: a package URL. An image is pkg:oci with
// its digest; what is fetched by a URL of its own is pkg:generic.
func Purl(p artifact.Payload) string {
	place, digest, _ := strings.Cut(p.Reference, "@")
	name := path.Base(place)
	if place == "" {
		name = "artifact"
	}
	if strings.Contains(place, "://") {
		// A place may carry a user or a query; neither names the artifact.
		if u, err := url.Parse(place); err == nil {
			place = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
		}
		quals := packageurl.QualifiersFromMap(map[string]string{"checksum": digest, "download_url": place})
		return packageurl.NewPackageURL(packageurl.TypeGeneric, "", name, p.Version, quals, "").ToString()
	}
	quals := packageurl.Qualifiers{}
	if place != "" {
		quals = packageurl.QualifiersFromMap(map[string]string{"repository_url": strings.ToLower(place)})
	}
	return packageurl.NewPackageURL(packageurl.TypeOCI, "", strings.ToLower(name), digest, quals, "").ToString()
}

// runURI names a rollout in full, where CDEvents asks for a URI. Nothing answers there.
func (a about) runURI(ledgerID string) string {
	return (&url.URL{Scheme: "urn", Opaque: "uuid:" + ledgerID, Fragment: a.run()}).String()
}
