package dht

import (
	"bytes"
	"crypto/rand"
	"hash/crc32"
	"math/bits"
	"net/netip"
)

// ID is a node's ID or an info hash: a point of the same space.
type ID [20]byte

const idBits = 160

func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // it never fails
	return id
}

// shared returns how many leading bits two IDs have in common, 160 if they are equal.
func shared(a, b ID) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return 8*i + bits.LeadingZeros8(x)
		}
	}
	return idBits
}

// nearer compares the distances of a and b to a target: negative if a is nearer.
func nearer(target, a, b ID) int {
	for i := range target {
		if x, y := target[i]^a[i], target[i]^b[i]; x != y {
			return int(x) - int(y)
		}
	}
	return 0
}

// inBucket returns a random ID that has exactly so many leading bits of self.
func inBucket(self ID, depth int) ID {
	id := randomID()
	for i := range depth + 1 {
		mask := byte(0x80) >> (i % 8)
		id[i/8] = id[i/8]&^mask | self[i/8]&mask
	}
	id[depth/8] ^= 0x80 >> (depth % 8)
	return id
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	mask4      = []byte{0x03, 0x0f, 0x3f, 0xff}
	mask6      = []byte{0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff}
)

// secured returns the ID with a beginning that fits an address (BEP 42).
func secured(id ID, ip netip.Addr) ID {
	mask := mask4
	if ip.Is6() {
		mask = mask6
	}
	part := bytes.Clone(ip.AsSlice()[:len(mask)])
	for i := range part {
		part[i] &= mask[i]
	}
	part[0] |= id[19] & 7 << 5
	sum := crc32.Checksum(part, castagnoli)
	id[0], id[1], id[2] = byte(sum>>24), byte(sum>>16), byte(sum>>8)&0xf8|id[2]&7
	return id
}

// fits reports whether a node at ip may have the ID (BEP 42). In local networks every
// ID does.
func fits(id ID, ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || id == secured(id, ip)
}
