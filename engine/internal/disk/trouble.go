package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/dustin/go-humanize"
)

// Kind is what the failure of a disk comes to for the user.
type Kind uint8

// The kinds of trouble.
const (
	Unknown  Kind = iota
	Full          // no room on the disk, or the user's quota is used up
	ReadOnly      // the file system takes no writes
	Denied        // the user may not
	Gone          // the folder, or the disk under it, is not there any more
	Busy          // another program holds the file, or too many files are open
	Failing       // the disk reports an error of its own
	TooLarge      // the file system has no files so long
	Changed       // a file of ours was cut short or removed by another program
	Foreign       // a file that is not ours is where ours should be
)

// KindOf tells what an error of this package, or of the system, comes to. It asks
// nobody: that a file is missing may also mean that its disk is, see Diagnose.
func KindOf(err error) Kind {
	var foreign *ForeignError
	var missing *MissingError
	var gone *GoneError
	var number syscall.Errno
	switch {
	case errors.As(err, &foreign):
		return Foreign
	case errors.As(err, &gone):
		return Gone
	case errors.As(err, &missing), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fs.ErrNotExist):
		return Changed
	case errors.As(err, &number) && kindOf(number) != Unknown:
		return kindOf(number)
	case errors.Is(err, fs.ErrPermission):
		return Denied
	}
	return Unknown
}

// Trouble is why the files of a torrent cannot be read or written.
type Trouble struct {
	Kind    Kind
	Dir     string // save folder
	Disk    string // the folder at which the file system of Dir begins; "" if unknown
	Path    string // the file or folder that it is about
	Writing bool   // only what is on the disk cannot be changed: it can perhaps still be read
	Need    int64  // bytes that the torrent has yet to write
	Free    int64  // bytes that were free; -1 if unknown
	Err     error

	files Options
}

// Begins returns the folder at which the file system of dir begins, or of the nearest
// folder above it that is there; "" if that cannot be told. It asks the file system.
func Begins(dir string) string { return diskOf(existing(dir)) }

// Heals reports whether the trouble may be over without the user's help, or with
// help that only the disk tells of. Over finds that out.
func (t Trouble) Heals() bool {
	switch t.Kind {
	case Full, ReadOnly, Denied, Gone, Busy, Failing:
		return true
	}
	return false
}

// Readable reports whether what is there can be served meanwhile: only writing
// fails, and not because the disk itself does.
func (t Trouble) Readable() bool {
	switch t.Kind {
	case Full, ReadOnly, Denied, Busy:
		return t.Writing
	}
	return false
}

// Sentence tells the user what is wrong, where, and what happens next.
func (t Trouble) Sentence() string {
	switch t.Kind {
	case Full:
		if lacking := t.Need - t.Free; t.Free >= 0 && lacking > 0 {
			return fmt.Sprintf("The disk of %s is full: %s are missing. It goes on by itself when there is room.", t.Dir, size(lacking))
		}
		return fmt.Sprintf("The disk of %s is full. It goes on by itself when there is room.", t.Dir)
	case ReadOnly:
		return fmt.Sprintf("The disk of %s is read-only. It goes on by itself when it can be written again.", t.Dir)
	case Denied:
		return fmt.Sprintf("%s may not be %s. It goes on by itself when that is allowed again.", t.Path, t.done())
	case Gone:
		return fmt.Sprintf("Its files in %s are gone, perhaps with their disk. It goes on by itself when they are back; a recheck begins anew without them.", t.Dir)
	case Busy:
		return fmt.Sprintf("%s could not be %s: %v. It is tried again by itself.", t.Path, t.done(), cause(t.Err))
	case Failing:
		return fmt.Sprintf("The disk of %s is failing: %s could not be %s (%v). It is tried again by itself.", t.Dir, t.Path, t.done(), cause(t.Err))
	case TooLarge:
		return fmt.Sprintf("The disk of %s cannot hold a file as large as %s. Choose another folder.", t.Dir, t.Path)
	case Changed:
		return fmt.Sprintf("%s was cut short or removed by another program, so its data is checked.", t.Path)
	case Foreign:
		return fmt.Sprintf("%v. Move it away or choose another folder, then resume.", cause(t.Err))
	}
	return fmt.Sprintf("Its data could not be %s: %v.", t.done(), t.Err)
}

// Relief says that it is over, without a full stop.
func (t Trouble) Relief() string {
	switch t.Kind {
	case Full:
		return "There is room on the disk of " + t.Dir + " again"
	case ReadOnly:
		return "The disk of " + t.Dir + " can be written again"
	case Gone:
		return "The files in " + t.Dir + " are back"
	}
	return t.Path + " can be " + t.done() + " again"
}

// done is what did not work.
func (t Trouble) done() string {
	if t.Writing {
		return "written"
	}
	return "read"
}

// cause returns what the system or the package itself says, without the path.
func cause(err error) error {
	if f := (*FileError)(nil); errors.As(err, &f) {
		return f.Err
	}
	if f := (*ForeignError)(nil); errors.As(err, &f) {
		return f
	}
	return err
}

func size(bytes int64) string { return humanize.BytesN(uint64(bytes), 3) }
