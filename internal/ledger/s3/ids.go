package s3

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// idSet holds 32 bits of the hash of each id in it, sorted, as differences. It says
// surely that an id is not there; that one is, it says wrongly once in 4 billion for
// each id it holds, and whoever hears so looks. Sets can be joined without the ids.
type idSet []byte

func idHash(id string) uint32 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint32(sum[:])
}

func newIDSet(hashes []uint32) idSet {
	slices.Sort(hashes)
	var (
		set  idSet
		last uint32
	)
	for _, h := range slices.Compact(hashes) {
		set = binary.AppendUvarint(set, uint64(h-last))
		last = h
	}
	return set
}

// each gives every hash in the set. It ends early where the set is damaged: then a
// repeated id may go unnoticed, and the chain shows the damage where it is read.
func (s idSet) each(yield func(uint32) bool) {
	var last uint64
	for len(s) > 0 {
		step, n := binary.Uvarint(s)
		if n <= 0 {
			return
		}
		last += step
		if !yield(uint32(last)) {
			return
		}
		s = s[n:]
	}
}

func (s idSet) mayHold(hash uint32) bool {
	for h := range s.each {
		if h >= hash {
			return h == hash
		}
	}
	return false
}

func joinIDs(sets ...idSet) idSet {
	var all []uint32
	for _, s := range sets {
		all = slices.AppendSeq(all, s.each)
	}
	return newIDSet(all)
}
