package sqlite

import (
	"path/filepath"
	"syscall"
)

// networkMagic are the numbers in linux/magic.h, and of the file systems
// themselves, of those whose files live on another machine. FUSE is among them,
// since sshfs and its like cannot be told from local ones. 9P is not: it refuses
// the shared memory that the WAL needs, so opening the ledger fails by itself.
var networkMagic = map[uint32]string{
	0x6969:     "nfs",
	0x517b:     "smb",
	0xfe534d42: "smb2",
	0xff534d42: "cifs",
	0x564c:     "ncp",
	0x73757245: "coda",
	0x5346414f: "afs",
	0x6b414653: "kafs",
	0x00c36400: "ceph",
	0x0bd00bd0: "lustre",
	0x47504653: "gpfs",
	0x19830326: "beegfs",
	0x65735546: "fuse",
}

// IsNetworkFS says whether path, or the nearest folder above it that exists, is on
// a network file system, as far as the system can tell. It is for the ledger that
// nobody named; a path that somebody wrote down is that person's word.
func IsNetworkFS(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	for {
		var st syscall.Statfs_t
		if err := syscall.Statfs(path, &st); err == nil {
			_, network := networkMagic[uint32(st.Type)]
			return network
		}
		parent := filepath.Dir(path)
		if parent == path {
			return false
		}
		path = parent
	}
}
