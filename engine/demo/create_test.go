package demo

import (
	"bytes"
	"crypto/sha1"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCreate(t *testing.T) {
	for _, size := range []int64{0, 1, pieceLength, 3*pieceLength + 17, 40 * pieceLength} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.torrent")
		if err := create(dir, path, "http://127.0.0.1:1/announce", size); err != nil {
			t.Fatal(err)
		}
		var data []byte
		for _, part := range parts {
			content, err := os.ReadFile(filepath.Join(dir, torrentName, part.name))
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, content...)
		}
		if int64(len(data)) != size {
			t.Errorf("size %d: the files have %d bytes", size, len(data))
		}
		var sums []byte
		for rest := data; len(rest) > 0; rest = rest[min(pieceLength, len(rest)):] {
			sum := sha1.Sum(rest[:min(pieceLength, len(rest))])
			sums = append(sums, sum[:]...)
		}
		metainfo, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(metainfo), "12:piece lengthi65536e6:pieces"+bencode(string(sums))+"ee") {
			t.Errorf("size %d: the hashes in the torrent are not those of the data", size)
		}
	}
}

// The demo is the same torrent every time.
func TestCreateIsDeterministic(t *testing.T) {
	var made [2][]byte
	for i := range made {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.torrent")
		if err := create(dir, path, "http://127.0.0.1:1/announce", 5*pieceLength); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		made[i] = content
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("two torrents of the same size differ")
	}
}
