package disk

import "os"

// allocateAll gives the files that are wanted and not complete their room on the disk,
// if that is the policy. It fails with a *RoomError before it makes any file if there is too
// little.
func (t *Torrent) allocateAll() error {
	files, need := t.toAllocate()
	if need > 0 {
		if free, err := Free(t.Dir()); err == nil && free < need {
			return &RoomError{t.Dir(), need, free}
		}
	}
	for _, i := range files {
		if err := t.allocate(i); err != nil {
			return err
		}
	}
	return nil
}

// toAllocate returns the files that have less room than bytes, and how much is missing.
func (t *Torrent) toAllocate() (files []int, need int64) {
	t.mu.Lock()
	if !t.policy.Allocate {
		t.mu.Unlock()
		return nil, 0
	}
	for i, f := range t.layout.Files {
		if f.Length > 0 && !f.Pad && t.owners[i] != foreign && !(t.skip != nil && t.skip[i]) && !t.layout.full(i, t.have.Has) {
			files = append(files, i)
		}
	}
	t.mu.Unlock()
	short := files[:0]
	for _, i := range files {
		missing := t.layout.Files[i].Length
		if info, err := os.Lstat(t.full(i)); err == nil {
			missing -= allocated(info)
		}
		if missing > 0 {
			short = append(short, i)
			need += missing
		}
	}
	return short, need
}

func (t *Torrent) allocate(i int) error {
	h, err := t.acquire(i, true)
	if err != nil {
		return err
	}
	defer handles.release(h)
	t.wrote()
	if err = t.refuses("write", i); err == nil {
		err = allocate(h.file, t.layout.Files[i].Length)
	}
	t.wrote()
	t.markDirty(i)
	if err != nil {
		return refused("write", t.full(i), err)
	}
	return nil
}
