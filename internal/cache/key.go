package cache

import "encoding/binary"

// AppendKey adds the key of a sequence to dst: its type boundary and its ids as varints, one to
// five bytes each. No two sequences have the same key. Ids of a vocabulary of 30,000 take two
// bytes, or three in its upper half.
func AppendKey(dst []byte, ids []int32, boundary int) []byte {
	dst = binary.AppendUvarint(dst, uint64(boundary))
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(uint32(id)))
	}
	return dst
}
