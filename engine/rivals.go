package engine

import (
	"fmt"
	"slices"

	"piecewise/engine/internal/disk"
)

// A file can be in the place of files of several torrents of the list: of their names
// and folders nothing is asked. It is written for one of them, the one that has made it;
// for the others it is a stranger's, and stays so even if the user agrees that they go
// on in it.

// rival is another torrent of the list, as far as it is needed to find its files.
type rival struct {
	name    string
	dir     string
	stamps  []disk.Stamp
	foreign []int
	running *disk.Torrent // nil if it is not
}

// rivals returns all torrents of the list but one.
func (s *state) rivals(t *torrent) []rival {
	var list []rival
	for _, o := range s.order {
		if o == t || o.leaving != nil {
			continue
		}
		r := rival{name: o.name(), dir: o.rec.Dir, foreign: o.rec.Foreign, stamps: stampsOf(o.rec.Stamps)}
		if o.run != nil {
			r.running = o.run.disk
		}
		list = append(list, r)
	}
	return list
}

// rivalError says that a file is another torrent's.
type rivalError struct{ file, torrent string }

func (e *rivalError) Error() string {
	return fmt.Sprintf("%s is a file of %q in the list", e.file, e.torrent)
}

// yours returns a *rivalError if some of the files, by their indices, are another
// torrent's. It asks the file system. Where files have no numbers nothing is found.
func yours(rivals []rival, o disk.Options, files []int) error {
	wanted := make(map[uint64]int, len(files))
	for _, i := range files {
		if i < len(o.Stamps) && o.Stamps[i].Node != 0 && o.Stamps[i].Size >= 0 {
			wanted[o.Stamps[i].Node] = i
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	device, err := disk.Device(o.Dir)
	if err != nil {
		return err
	}
	for _, r := range rivals {
		if r.running != nil {
			r.dir, r.stamps = r.running.Dir(), r.running.Stamps()
		}
		for j, st := range r.stamps {
			i, same := wanted[st.Node]
			if !same || slices.Contains(r.foreign, j) {
				continue
			}
			if there, err := disk.Device(r.dir); err == nil && there == device {
				return &rivalError{o.Layout.Files[i].Path[len(o.Layout.Files[i].Path)-1], r.name}
			}
		}
	}
	return nil
}
