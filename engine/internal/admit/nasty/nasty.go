// Package nasty makes broken and hostile .torrent files for tests, each with
// what has to come of it. The data of those that load is all zeros, so that a
// test can download or verify them.
package nasty

import (
	"bytes"
	"crypto/sha1"
	"math/bits"
	"strings"

	"github.com/anacrolix/torrent/bencode"

	"piecewise/engine/internal/hash"
)

// Case is one .torrent file.
type Case struct {
	Name    string   // what is wrong with it
	Raw     []byte   // the file
	WantErr string   // part of the error that refuses it; "" if it loads
	Want    []string // if it loads: the safe paths of its files without pad files, elements joined by a slash; nil if they do not matter
}

// PieceLength is the piece length of the torrents, in bytes, where it is not
// what is wrong with them.
const PieceLength = 16 << 10

// Cases returns all cases, newly made: a few MiB.
func Cases() []Case {
	var all []Case
	for _, group := range []func() []Case{damaged, sizes, kinds, counts, versions, onlyV2, paths, lists, trackers} {
		all = append(all, group()...)
	}
	return all
}

// dict is a bencoded dictionary to be.
type dict = map[string]any

// zeros returns the hashes of the pieces of so many zeros.
func zeros(size, pieceLength int) string {
	var hashes []byte
	for ; size > 0; size -= pieceLength {
		sum := sha1.Sum(make([]byte, min(size, pieceLength)))
		hashes = append(hashes, sum[:]...)
	}
	return string(hashes)
}

// root is the root of the merkle tree of so many zeros, layer the hashes of its
// pieces (BEP 52).
func root(size int) string {
	leaves := hash.AppendLeaves(nil, make([]byte, size))
	sum := hash.Fold(leaves, bits.Len(uint(len(leaves)-1)), hash.Sum{})
	return string(sum[:])
}

func layer(size int) string {
	var all []byte
	for _, leaf := range hash.AppendLeaves(nil, make([]byte, size)) { // a piece is one leaf
		all = append(all, leaf[:]...)
	}
	return string(all)
}

// single is the info dictionary of a torrent with one file of 20,000 bytes.
func single() dict {
	return dict{"name": "one.bin", "piece length": PieceLength, "length": 20000, "pieces": zeros(20000, PieceLength)}
}

// several is the info dictionary of a torrent with several files.
func several(files ...dict) dict {
	total := 0
	list := make([]any, len(files))
	for i, f := range files {
		if n, ok := f["length"].(int); ok && n > 0 && n < 1<<24 {
			total += n
		}
		list[i] = f
	}
	return dict{"name": "folder", "piece length": PieceLength, "files": list, "pieces": zeros(max(total, 1), PieceLength)}
}

// file is one entry of a list of files.
func file(length int, path ...string) dict { return dict{"length": length, "path": path} }

// with returns d with some entries replaced; nil takes one away.
func with(d dict, changes dict) dict {
	for key, v := range changes {
		if v == nil {
			delete(d, key)
		} else {
			d[key] = v
		}
	}
	return d
}

// torrent is a whole .torrent file.
func torrent(info any) []byte { return bencode.MustMarshal(dict{"info": info}) }

// edited is a torrent whose bytes are changed after it was made.
func edited(info dict, old, new string) []byte {
	return bytes.Replace(torrent(info), []byte(old), []byte(new), 1)
}

// refused and loads are the two kinds of cases.
func refused(name, wantErr string, raw []byte) Case {
	return Case{Name: name, Raw: raw, WantErr: wantErr}
}

func loads(name string, raw []byte, want ...string) Case {
	return Case{Name: name, Raw: raw, Want: want}
}

func nested(depth int, open, end string) string {
	return strings.Repeat(open, depth) + strings.Repeat(end, depth)
}
