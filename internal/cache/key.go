package cache

import "encoding/binary"

// AppendKey adds the key of a sequence to dst: its split and each of its ids, as numbers of one to five bytes of which each
// tells where it ends. No two sequences have one key. Ids of a vocabulary of 30,000 take two bytes at most or, the
// upper half, three.
func AppendKey(dst []byte, ids []int32, split int) []byte {
	dst = binary.AppendUvarint(dst, uint64(split))
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(uint32(id)))
	}
	return dst
}
