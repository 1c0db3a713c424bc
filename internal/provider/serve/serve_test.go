package serve

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	rschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type key struct{}

func TestALentContextBehavesAsItsParentUntilItIsGivenBack(t *testing.T) {
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
	defer cancel()
	lent := lend(parent)
	if lent.Value(key{}) != "value" {
		t.Error("the parent's values are not there during the call")
	}
	if lent.Err() != nil {
		t.Errorf("Err() = %v during the call", lent.Err())
	}
	child, stop := context.WithCancel(lent)
	defer stop()
	lent.giveBack()
	if lent.Value(key{}) != nil {
		t.Error("the parent is still reachable after the call")
	}
	if !errors.Is(child.Err(), context.Canceled) {
		t.Errorf("a child's Err() = %v after the call, want canceled", child.Err())
	}
}

func TestALentContextEndsWithItsParent(t *testing.T) {
	parent, cancel := context.WithCancel(context.Background())
	lent := lend(parent)
	defer lent.giveBack()
	child, stop := context.WithCancel(lent)
	defer stop()
	cancel()
	select {
	case <-child.Done():
	case <-t.Context().Done():
		t.Fatal("the child never heard of the parent's end")
	}
	if !errors.Is(lent.Err(), context.Canceled) {
		t.Errorf("Err() = %v, want canceled", lent.Err())
	}
}

func TestALentContextTellsADeadlineFromACancellation(t *testing.T) {
	at := time.Unix(1, 0) // Long ago.
	parent, cancel := context.WithDeadline(context.Background(), at)
	defer cancel()
	lent := lend(parent)
	defer lent.giveBack()
	if got, ok := lent.Deadline(); !ok || !got.Equal(at) {
		t.Errorf("Deadline() = %v, %v, want the parent's", got, ok)
	}
	<-lent.Done()
	if !errors.Is(lent.Err(), context.DeadlineExceeded) {
		t.Errorf("Err() = %v, want deadline exceeded", lent.Err())
	}
}

func TestOnlyTheCookieMeansTerraform(t *testing.T) {
	for value, want := range map[string]bool{"": false, "x": false, cookieValue: true} {
		if got := ByTerraform(func(string) string { return value }); got != want {
			t.Errorf("ByTerraform with %q = %v, want %v", value, got, want)
		}
	}
}

// TestFinishedCallsAreForgotten holds the wrapper to its purpose: what a call's
// context carries must be free to go once the call has returned.
func TestFinishedCallsAreForgotten(t *testing.T) {
	s := New(small{})
	gone := make(chan struct{}, 1)
	callWithWeight(t, s, gone)
	// The server itself must outlive the search, or it would take its contexts along.
	defer runtime.KeepAlive(s)
	for range 50 {
		runtime.GC()
		select {
		case <-gone:
			return
		default:
		}
	}
	t.Fatal("the context's value is still held after the call has returned")
}

// callWithWeight makes one call whose context carries something that reports
// when it is collected.
func callWithWeight(t *testing.T, s tfprotov6.ProviderServer, gone chan<- struct{}) {
	t.Helper()
	weight := &[1 << 16]byte{}
	runtime.SetFinalizer(weight, func(*[1 << 16]byte) { gone <- struct{}{} })
	ctx := context.WithValue(context.Background(), key{}, weight)
	state := &tfprotov6.RawState{JSON: []byte(`{"name":"x"}`)}
	resp, err := s.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: "small_thing", RawState: state})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("UpgradeResourceState: %v, %+v", err, resp)
	}
	value, err := resp.UpgradedState.Unmarshal(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"name": tftypes.String}})
	if err != nil || value.IsNull() {
		t.Fatalf("the call went wrong: %v, %v", value, err)
	}
}

// small is the smallest provider with a resource.
type small struct{}

func (small) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "small"
}
func (small) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}
func (small) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (small) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return thing{} }}
}

var _ provider.Provider = small{}

type thing struct{}

func (thing) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "small_thing"
}
func (thing) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = rschema.Schema{Attributes: map[string]rschema.Attribute{"name": rschema.StringAttribute{Optional: true}}}
}
func (thing) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (thing) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (thing) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (thing) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
