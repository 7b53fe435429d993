package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/create"
)

// metainfo makes the .torrent of a torrent: as it was added, or of the metadata that came.
func (e *Engine) metainfo(ctx context.Context, id ID) ([]byte, error) {
	var raw []byte
	var st interface {
		Metainfo([20]byte) ([]byte, error)
	}
	err := e.do(ctx, func(s *state) error {
		t, err := s.find(id)
		if err != nil {
			return err
		}
		if !t.known() {
			return errors.New("the torrent's details are not known yet")
		}
		raw, st = slices.Clone(t.raw), s.store
		if raw == nil && t.gate != nil {
			raw = metainfoFile(t.gate, t.rec.Trackers)
		}
		return nil
	})
	if err != nil || raw != nil {
		return raw, err
	}
	return st.Metainfo(id)
}

// saveTorrent writes the .torrent of a torrent into a folder, under a name that nothing
// has there.
func (e *Engine) saveTorrent(ctx context.Context, id ID, dir string) (path string, err error) {
	raw, err := e.metainfo(ctx, id)
	if err != nil {
		return "", err
	}
	gate, err := admit.Metainfo(raw)
	if err != nil {
		return "", fmt.Errorf("read the saved .torrent: %w", err)
	}
	const tries = 100
	name := admit.FileName(gate.Name)
	for n := range tries {
		path = filepath.Join(dir, name+".torrent")
		if n > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s (%d).torrent", name, n+1))
		}
		if err = create.Write(path, raw, false); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return path, err
}
