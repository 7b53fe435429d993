package test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
)

// Create is Make with a torrent that libtorrent makes of the files: "padded" (v1
// with pad files, BEP 47), "hybrid" or "v2" (BEP 52). Hash of v2 is the first 20
// bytes of the info hash. The folder has the pad files, too, for clients that
// take them for files.
func Create(t testing.TB, kind, name string, pieceLength int, files ...File) *Data {
	t.Helper()
	d := &Data{Name: name, Dir: t.TempDir(), Sums: map[string]string{}, Pads: map[string]string{}, length: pieceLength}
	d.generate(t, files)
	var made struct {
		Torrent, Info string // in hexadecimal
		Pieces        int
		Pads          map[string]int // bytes, by path
	}
	path := filepath.Join(d.Dir, name)
	cmd := Command(t, d.Dir, "/usr/bin/python3", script("libtorrent_create.py"), kind, fmt.Sprint(pieceLength), path)
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("create a torrent (apt-get install python3-libtorrent): %v", err)
	}
	if err := json.Unmarshal(said, &made); err != nil {
		t.Fatal(err)
	}
	whole, err := hex.DecodeString(made.Torrent)
	if err != nil {
		t.Fatal(err)
	}
	info, err := hex.DecodeString(made.Info)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := bytes.Cut(whole, info)
	if !found {
		t.Fatal("the info dictionary is not in the torrent")
	}
	d.info, d.layers, d.Pieces = string(info), string(bytes.TrimSuffix(rest, []byte("e"))), made.Pieces
	for path, length := range made.Pads {
		path = filepath.Join(name, filepath.FromSlash(path))
		d.Pads[path] = d.write(t, path, make([]byte, length))
	}
	if d.Hash = sha1.Sum(info); kind == "v2" {
		sum := sha256.Sum256(info)
		d.Hash = [20]byte(sum[:20])
	}
	return d
}
