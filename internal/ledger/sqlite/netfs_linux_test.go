package sqlite

import (
	"path/filepath"
	"testing"
)

func TestIsNetworkFS(t *testing.T) {
	t.Parallel()
	here := filepath.Join(t.TempDir(), "not", "there", "yet")
	if IsNetworkFS(here) {
		t.Errorf("%s is on a network file system", here)
	}
	// The kernel's numbers, as statfs(2) lists them.
	for magic, name := range map[uint32]string{0x6969: "nfs", 0xff534d42: "cifs", 0xfe534d42: "smb2", 0x517b: "smb", 0x00c36400: "ceph"} {
		if networkMagic[magic] != name {
			t.Errorf("%#x is %q, want %s", magic, networkMagic[magic], name)
		}
	}
	for magic, name := range map[uint32]string{0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlay"} {
		if networkMagic[magic] != "" {
			t.Errorf("%s counts as a network file system", name)
		}
	}
}
