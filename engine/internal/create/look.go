package create

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"piecewise/engine/internal/admit"
)

// Files are what a torrent can be made of, as they were found.
type Files struct {
	Path   string // of the file or folder, absolute
	Name   string // the last element of Path, which the torrent is called by
	Single bool   // it is one file, not a folder
	List   []File // in the order of the torrent
	Size   int64  // bytes of all files

	Left      []Left // what is not in the torrent, the first maxLeft of it
	LeftCount int    // how much that is

	base string // what is opened as the root: the folder, or the one that the file is in
}

// File is one of them.
type File struct {
	Path       []string // below the folder; the name of a single file
	Length     int64    // bytes
	Executable bool     // its owner may execute it

	modified time.Time
	open     string // below base
}

// Left is a file or folder that was left out.
type Left struct {
	Path string // below the folder, with slashes
	Why  Reason
}

// Reason is why something was left out.
type Reason string

// The reasons; they follow "it is".
const (
	Pattern Reason = "ignored"
	Link    Reason = "a symbolic link"
	Special Reason = "not a file"
)

const maxLeft = 1000

// Look finds what is at path, which is a file or a folder, without what the ignore
// patterns match (see Ignored) and what is at except, where the .torrent file will
// be. It reads folders and may take a while; no file is opened. Errors are
// sentences about what was found.
func Look(ctx context.Context, path string, ignore []string, except string) (*Files, error) {
	skip, err := newPatterns(ignore)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be found: %w", path, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be opened: %w", path, bare(err))
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be opened: %w", path, bare(err))
	}
	f := &Files{Path: abs, Name: filepath.Base(abs), Single: !info.IsDir(), base: real}
	switch {
	case !utf8.ValidString(f.Name):
		return nil, badName(f.Name)
	case info.IsDir() && (f.Name == "." || f.Name == string(filepath.Separator) || filepath.Dir(abs) == abs):
		return nil, fmt.Errorf("%q has no name that a torrent could have", path)
	case info.IsDir():
		err = f.walk(ctx, skip, except)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is neither a file nor a folder", path)
	default:
		f.base = filepath.Dir(real)
		err = f.add(info, []string{f.Name}, filepath.Base(real))
	}
	if err == nil && f.Size == 0 {
		err = fmt.Errorf("there is no data in %q to make a torrent of", path)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// walk finds the files of a folder. fs.WalkDir goes in the order of names.
func (f *Files) walk(ctx context.Context, skip patterns, except string) error {
	dirs, err := openFolders(f.base)
	if err != nil {
		return fmt.Errorf("%q cannot be opened: %w", f.Path, bare(err))
	}
	defer dirs.close()
	return fs.WalkDir(dirs.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%q cannot be read: %w", filepath.Join(f.Path, name), bare(err))
		case name == ".":
			return nil
		case skip.match(name):
			return f.leave(d, name, Pattern)
		case d.Type()&fs.ModeSymlink != 0:
			return f.leave(d, name, Link)
		case !utf8.ValidString(name):
			return badName(name)
		case d.IsDir():
			return nil
		case filepath.Join(f.Path, name) == except || filepath.Join(f.base, name) == except:
			return nil
		case !d.Type().IsRegular():
			return f.leave(d, name, Special)
		}
		info, err := dirs.lstat(name)
		switch {
		case err != nil:
			return &ChangedError{Path: filepath.Join(f.Path, name), Gone: errors.Is(err, fs.ErrNotExist)}
		case !info.Mode().IsRegular():
			return &ChangedError{Path: filepath.Join(f.Path, name)}
		}
		return f.add(info, strings.Split(name, "/"), name)
	})
}

// leave writes down what is left out, up to a limit.
func (f *Files) leave(d fs.DirEntry, name string, why Reason) error {
	if f.LeftCount++; len(f.Left) < maxLeft {
		f.Left = append(f.Left, Left{strings.ToValidUTF8(name, "\uFFFD"), why})
	}
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func (f *Files) add(info fs.FileInfo, path []string, open string) error {
	switch {
	case len(f.List) == admit.MaxFiles:
		return fmt.Errorf("there are too many files in %q (more than %d)", f.Path, admit.MaxFiles)
	case len(path) == 2 && path[0] == ".pad" && strings.Trim(path[1], "0123456789") == "":
		return fmt.Errorf("%q has the name of what fills up pieces in a torrent; rename it or leave it out", strings.Join(path, "/"))
	}
	f.List = append(f.List, File{
		Path: path, Length: info.Size(), Executable: info.Mode()&0o100 != 0, modified: info.ModTime(), open: open,
	})
	f.Size += info.Size()
	return nil
}

func badName(name string) error {
	return fmt.Errorf("the name %q is not UTF-8, which names in torrents must be; rename it or leave it out", name)
}

// bare is what the system says, without the path that stands before it already.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	if l := (*os.LinkError)(nil); errors.As(err, &l) {
		return l.Err
	}
	return err
}

// ChangedError says that a file is not any more what Look found.
type ChangedError struct {
	Path string
	Gone bool
}

func (e *ChangedError) Error() string {
	if e.Gone {
		return fmt.Sprintf("%q has vanished while the torrent was made", e.Path)
	}
	return fmt.Sprintf("%q was changed while the torrent was made", e.Path)
}
