package terminal

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"piecewise/engine"
	"piecewise/engine/tracker"
	"piecewise/ui/format"
)

const (
	maxAllowedFile = 64 << 20 // bytes of a list of info hashes
	maxAllowed     = 1 << 20  // torrents
)

// allowed is the list of torrents that a tracker serves, as a folder or file has it.
type allowed struct {
	path   string // "" serves all
	hashes map[[20]byte]tracker.Own
	stamps map[string]stamp // of the files that were read
	parts  map[string][][20]byte
}

// stamp tells whether a file has changed.
type stamp struct {
	size     int64
	modified time.Time
}

// list is what the tracker is given.
func (a *allowed) list() *tracker.List {
	return &tracker.List{Open: a.path == "", Torrents: a.hashes}
}

func (a *allowed) words() string {
	if a.path == "" {
		return "open to every torrent"
	}
	return "for " + format.Plural(len(a.hashes), "info hash", "info hashes")
}

// read reads all. The error is one sentence.
func (a *allowed) read() error {
	_, err := a.again()
	return err
}

// again reads what has changed, and reports whether anything has.
func (a *allowed) again() (bool, error) {
	if a.path == "" {
		return false, nil
	}
	files, err := a.files()
	if err != nil {
		return false, err
	}
	changed := len(files) != len(a.stamps)
	parts := make(map[string][][20]byte, len(files))
	for path, now := range files {
		if old, ok := a.stamps[path]; ok && old == now {
			parts[path] = a.parts[path]
			continue
		}
		changed = true
		if parts[path], err = hashesIn(path); err != nil {
			return false, err
		}
	}
	if !changed {
		return false, nil
	}
	a.stamps, a.parts, a.hashes = files, parts, make(map[[20]byte]tracker.Own)
	for _, part := range parts {
		for _, hash := range part {
			a.hashes[hash] = tracker.Own{}
		}
	}
	return true, nil
}

// files are the files to read: the one, or the torrents of the folder.
func (a *allowed) files() (map[string]stamp, error) {
	info, err := os.Stat(a.path)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be read: %w", a.path, errors.Unwrap(err))
	}
	if !info.IsDir() {
		return map[string]stamp{a.path: {info.Size(), info.ModTime()}}, nil
	}
	entries, err := os.ReadDir(a.path)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be read: %w", a.path, errors.Unwrap(err))
	}
	files := make(map[string]stamp)
	for _, e := range entries {
		if !strings.EqualFold(filepath.Ext(e.Name()), ".torrent") || len(files) == maxAllowed {
			continue
		}
		info, err := os.Stat(filepath.Join(a.path, e.Name()))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%q cannot be read: %w", e.Name(), errors.Unwrap(err))
		}
		files[filepath.Join(a.path, e.Name())] = stamp{info.Size(), info.ModTime()}
	}
	return files, nil
}

// hashesIn reads a .torrent file, or else a list.
func hashesIn(path string) ([][20]byte, error) {
	if strings.EqualFold(filepath.Ext(path), ".torrent") {
		src, err := engine.Open(context.Background(), path, true)
		if err != nil {
			return nil, err
		}
		hashes := [][20]byte{src.ID}
		if src.HashV2 != [32]byte{} {
			hashes = append(hashes, [20]byte(src.HashV2[:20]))
		}
		return hashes, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be opened: %w", path, errors.Unwrap(err))
	}
	defer f.Close()
	return readHashes(io.LimitReader(f, maxAllowedFile), path)
}

// readHashes reads an info hash a line, of 40 hexadecimal digits or, for v2, of 64;
// the rest of a line, empty ones and what begins with # are left out.
func readHashes(r io.Reader, name string) ([][20]byte, error) {
	var hashes [][20]byte
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		b, err := hex.DecodeString(words[0])
		if err != nil || len(b) != 20 && len(b) != 32 || len(hashes) == maxAllowed {
			return nil, fmt.Errorf("%q, line %d: this is no info hash of 40 or 64 hexadecimal digits, or there are too many", name, n)
		}
		hashes = append(hashes, [20]byte(b[:20]))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%q cannot be read: %w", name, err)
	}
	return hashes, nil
}
