package engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"piecewise/engine/internal/create"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
)

// The shapes of making torrents; see the package create for what is in a torrent
// and what is left out.
type (
	// Content is what a torrent can be made of, as it was found.
	Content = create.Files
	// CreateOptions are the choices of who makes a torrent.
	CreateOptions = create.Options
	// Format is which hashes a torrent has.
	Format = create.Format
	// ChangedError says that a file is not any more what was found.
	ChangedError = create.ChangedError
)

// See create.V1 and so on.
const (
	FormatV1     = create.V1
	FormatV2     = create.V2
	FormatHybrid = create.Hybrid

	LeftIgnored = create.Pattern
	LeftLink    = create.Link
	LeftSpecial = create.Special

	MinPieceLength = create.MinPieceLength
	MaxPieceLength = create.MaxPieceLength
)

// IgnoredNames are the patterns of what nobody wants in a torrent.
func IgnoredNames() []string { return slices.Clone(create.Ignored) }

// PieceLengthFor returns the length of pieces that fits so many bytes.
func PieceLengthFor(size int64) int64 { return create.Automatic(size) }

// LookAt finds what is at path, a file or a folder, without what the patterns match
// and without the file except, if that is not "". It reads folders and may take a
// while. Errors are one sentence for the user, or ctx's.
func LookAt(ctx context.Context, path string, ignore []string, except string) (*Content, error) {
	return create.Look(ctx, path, ignore, except)
}

// Created is a torrent that was made.
type Created struct {
	Raw         []byte // the .torrent file
	HashV1      ID     // zero if it is v2 only
	HashV2      [32]byte
	PieceLength int64
	Pieces      int

	content *Content
}

// Create hashes the content and makes a torrent of it, on all processors and without
// an engine. It may take hours, and ends within a fraction of a second after ctx
// does. progress, if not nil, is told the bytes of Content.Size that were read, ten
// times a second at most, from one goroutine at a time. Errors are a *ChangedError
// or another sentence for the user, or ctx's.
func Create(ctx context.Context, c *Content, o CreateOptions, progress func(done int64)) (*Created, error) {
	t, err := c.Make(ctx, o, progress)
	if err != nil {
		return nil, err
	}
	return &Created{Raw: t.Raw, HashV1: t.V1, HashV2: t.V2, PieceLength: t.PieceLength, Pieces: t.Pieces, content: c}, nil
}

// Save writes the .torrent file, as a whole or not at all. What is there already is
// only replaced with force; else the error is fs.ErrExist.
func (c *Created) Save(path string, force bool) error { return create.Write(path, c.Raw, force) }

// Source returns the torrent to be added, with the folder that its data is in. Added
// there it seeds without a check, as long as nothing has changed. The error is a
// sentence if its data cannot be used where it is: a name would be another one on
// some systems.
func (c *Created) Source() (src *Source, dir string, err error) {
	src, err = read(bytes.NewReader(c.Raw), c.content.Name)
	if err != nil {
		return nil, "", err
	}
	for _, dir := range []string{filepath.Dir(c.content.Path), c.content.Path} { // a v2 torrent of one file has no folder
		if name, ok := c.lies(src.Meta, dir); ok {
			src.made = &made{c.content, dir}
			return src, dir, nil
		} else if name != "" {
			err = fmt.Errorf("%q cannot be seeded where it is: the name is not safe on all systems; rename it and make the torrent again", name)
		}
	}
	return nil, "", err
}

// lies reports whether the torrent's files are in dir; if not, name is one that is not.
func (c *Created) lies(m *Meta, dir string) (name string, ok bool) {
	if info, err := os.Lstat(c.content.Path); err != nil || info.Mode()&os.ModeSymlink != 0 {
		return c.content.Name, false
	}
	inLayout, given := m.inLayout(), disk.GivenNames(disk.Options{Dir: dir, Layout: layoutOf(m)})
	for i, f := range m.Files {
		path := filepath.Join(f.Path...)
		if name, ok := given[inLayout[i]]; ok {
			path = filepath.FromSlash(name)
		}
		if i == len(c.content.List) || filepath.Join(dir, path) != c.content.Full(i) {
			return f.Path[len(f.Path)-1], false
		}
	}
	return "", true
}

// made is what a torrent was made of, and the folder in which that makes it complete.
type made struct {
	content *Content
	dir     string
}

// complete reports whether all files in dir are still those that were hashed.
func (m *made) complete(ctx context.Context, dir string, l disk.Layout, there []int) bool {
	if m == nil || m.dir != dir || !m.content.Unchanged(ctx) {
		return false
	}
	files := 0
	for _, f := range l.Files {
		if !f.Pad {
			files++
		}
	}
	return files == len(there)
}

// full returns n bits that are all set.
func full(n int) Bits {
	b := plane.MakeBits(n)
	for i := range n {
		b.Set(i)
	}
	return b
}
