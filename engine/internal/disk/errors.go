package disk

import (
	"errors"
	"fmt"
	"io/fs"
)

// ErrClosed is returned for reads, writes and Sync after Close.
var ErrClosed = errors.New("the torrent's files are closed")

// FileError is something that the system refused to do with a file or a folder.
type FileError struct {
	Op   string // such as "open", "create", "read", "write", "sync" or "make folder"
	Path string // full path
	Err  error  // of the system, without the path
}

func (e *FileError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// refused returns a FileError; the error of a system call names the path itself.
func refused(op, path string, err error) error { return &FileError{op, path, bare(err)} }

// ForeignError is returned when a block belongs into a file that is not ours.
// The file was not changed.
type ForeignError struct {
	File int    // index in the layout
	Path string // full path
	New  bool   // it was not there when the torrent was opened
}

func (e *ForeignError) Error() string {
	if e.New {
		return fmt.Sprintf("%s was put there by another program and is not overwritten", e.Path)
	}
	return fmt.Sprintf("%s was there before the torrent was added and is not overwritten", e.Path)
}

// MissingError is returned by Open when a file that should hold verified pieces
// is not there or is too short.
type MissingError struct {
	File int    // index in the layout
	Path string // full path
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is missing or was cut short", e.Path)
}

// GoneError is returned when a torrent's folder was there and is not any more:
// perhaps its disk was taken away, and what is written must not end
// up beneath the empty mount point.
type GoneError struct {
	Dir   string // full path of the save folder
	Empty bool   // it is there, but none of the files that were
}

func (e *GoneError) Error() string {
	if e.Empty {
		return fmt.Sprintf("none of the files that were in %s is there any more", e.Dir)
	}
	return fmt.Sprintf("the save folder %s is gone", e.Dir)
}

// bare takes the operation and path off an error that names the path itself.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
