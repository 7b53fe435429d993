package disk

import (
	"errors"
	"fmt"
)

// ErrClosed is returned for reads, writes and Sync after Close.
var ErrClosed = errors.New("the torrent's files are closed")

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
