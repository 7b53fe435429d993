package disk

import (
	"errors"
	"fmt"
	"os"
)

// ErrOtherNames is in the error of Adoptable for a file that has other names as well:
// what is written to it would be in them too.
var ErrOtherNames = errors.New("it has other names (hard links), whose content would change with it")

// Adoptable reports why files of others cannot become ours, given by their indices:
// the user has agreed to that, and they will be written. Each must be a file, as it was
// when the stamps were taken, with one name only, and may be written. It changes
// nothing, not even the times of the files, and asks the file system.
func Adoptable(o Options, files []int) error {
	t, err := newTable(o, o.folder())
	if err != nil {
		return err
	}
	if _, err := find(&t, nil); err != nil {
		return err
	}
	for _, i := range files {
		if i < 0 || i >= len(o.Stamps) || i >= len(o.Layout.Files) {
			return fmt.Errorf("adopt file %d: there is none", i)
		}
		if err := adoptable(t.place(i, t.name(i)), o.Stamps[i]); err != nil {
			return err
		}
	}
	return nil
}

func adoptable(at place, was Stamp) error {
	f, err := openAt(at, os.O_WRONLY) // it is not cut short
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return refused("look at", at.full(), err)
	}
	if was.Compare(stampOf(info), false, Span{}) != Same {
		return fmt.Errorf("%s was changed just now; is another program still writing to it?", at.full())
	}
	if links(info) > 1 {
		return fmt.Errorf("%s: %w", at.full(), ErrOtherNames)
	}
	return nil
}
