package demo

import (
	"crypto/sha1"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

const (
	torrentName = "Four times of the day"
	pieceLength = 64 << 10
)

// The files and their share of the data, in eighths.
var parts = []struct {
	name  string
	share int64
}{
	{"1 Morning.raw", 1}, {"2 Noon.raw", 3}, {"3 Evening.raw", 3}, {"4 Night.raw", 1},
}

// create writes the data below dir and its metainfo (BEP 3) to path. The same size
// gives the same info hash every time.
func create(dir, path, announce string, size int64) error {
	folder := filepath.Join(dir, torrentName)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	noise := rand.NewChaCha8([32]byte([]byte("a walk through the swarm, twice.")))
	var files strings.Builder
	var sums pieces
	for i, part := range parts {
		length := size * part.share / 8
		if i == len(parts)-1 {
			length = size - sums.length
		}
		if err := generate(filepath.Join(folder, part.name), io.TeeReader(io.LimitReader(noise, length), &sums)); err != nil {
			return err
		}
		fmt.Fprintf(&files, "d6:lengthi%de4:pathl%see", length, bencode(part.name))
	}
	info := fmt.Sprintf("d5:filesl%se4:name%s12:piece lengthi%de6:pieces%se",
		files.String(), bencode(torrentName), pieceLength, bencode(sums.all()))
	metainfo := fmt.Sprintf("d8:announce%s4:info%se", bencode(announce), info)
	if err := os.WriteFile(path, []byte(metainfo), 0o644); err != nil {
		return fmt.Errorf("write torrent: %w", err)
	}
	return nil
}

func generate(path string, content io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	if _, err := io.Copy(f, content); err != nil {
		f.Close() // the first error is the one that matters
		return fmt.Errorf("write file: %w", err)
	}
	return f.Close()
}

// bencode returns a byte string in bencoding (BEP 3).
func bencode(s string) string { return fmt.Sprintf("%d:%s", len(s), s) }

// pieces hashes what is written to it, piece by piece.
type pieces struct {
	sums   []byte
	rest   []byte // of the piece that is not full
	length int64
}

func (p *pieces) Write(b []byte) (int, error) {
	p.length += int64(len(b))
	p.rest = append(p.rest, b...)
	for len(p.rest) >= pieceLength {
		sum := sha1.Sum(p.rest[:pieceLength])
		p.sums = append(p.sums, sum[:]...)
		p.rest = append(p.rest[:0], p.rest[pieceLength:]...)
	}
	return len(b), nil
}

// all returns the hashes of all pieces, the last and shorter one included.
func (p *pieces) all() string {
	if len(p.rest) == 0 {
		return string(p.sums)
	}
	sum := sha1.Sum(p.rest)
	return string(p.sums) + string(sum[:])
}
