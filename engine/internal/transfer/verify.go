package transfer

import (
	"crypto/sha1"
	"hash/maphash"
	"sync"
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
)

const readBackSize = 16 * pick.BlockSize

var readBack = sync.Pool{New: func() any { return new([readBackSize]byte) }}

// verdict is what became of a piece that was all there.
type verdict struct {
	right bool
	wrong bool     // the bytes are not the right ones; neither: they could not be read
	sums  []uint64 // of its blocks, if somebody is or becomes a suspect
}

// finish compares the hash of a piece that is all there.
func (p *piece) finish() {
	t := p.t
	var v verdict
	v.right, v.wrong = p.verify()
	t.mu.Lock()
	sums := v.wrong || v.right && t.court.suspects(p.index)
	t.mu.Unlock()
	if sums {
		v.sums = p.sums()
	}
	if v.right {
		t.cfg.Disk.Verified(p.index)
	}
	t.finished(p, v)
}

// verify compares all hashes that there are of the piece. The two of a hybrid must
// agree, else it is not one torrent but two (BEP 52).
func (p *piece) verify() (right, wrong bool) {
	leaves := p.leaves == nil || p.rightLeaves()
	if p.hash == nil {
		return leaves, !leaves
	}
	right, err := p.rightSHA1()
	if err != nil {
		return false, false
	}
	if p.leaves != nil && leaves != right {
		p.t.torn(p.index)
		return false, false
	}
	return right, !right
}

// rightSHA1 hashes what came out of order, which is read back, and compares.
func (p *piece) rightSHA1() (bool, error) {
	if err := p.each(p.hashed, func(b []byte) { p.hash.Write(b) }); err != nil {
		p.fail(err)
		return false, err
	}
	pieces := &p.t.cfg.Hashes
	for n := pieces.Padded(p.index) - p.size; n > 0; n -= int64(len(zeros)) {
		p.hash.Write(zeros[:min(n, int64(len(zeros)))])
	}
	var sum [sha1.Size]byte
	p.hash.Sum(sum[:0])
	return string(sum[:]) == string(pieces.Hashes[p.index*sha1.Size:][:sha1.Size]), nil
}

// zeros are what is behind a file in its last piece.
var zeros [4 << 10]byte

// sums tells the blocks of the piece from other ones, nil if it cannot be read.
func (p *piece) sums() []uint64 {
	sums := make([]uint64, 0, len(p.from))
	err := p.each(0, func(b []byte) {
		for len(b) > 0 {
			n := min(pick.BlockSize, len(b))
			sums = append(sums, maphash.Bytes(p.t.court.seed, b[:n]))
			b = b[n:]
		}
	})
	if err != nil {
		return nil
	}
	return sums
}

// each reads the piece from the given byte on, in whole blocks if that is the
// beginning of one.
func (p *piece) each(from int64, f func(b []byte)) error {
	buf := readBack.Get().(*[readBackSize]byte)
	defer readBack.Put(buf)
	for from < p.size {
		n := min(readBackSize, p.size-from)
		if _, err := p.t.cfg.Disk.ReadAt(buf[:n], int64(p.index)*p.t.cfg.PieceLength+from); err != nil {
			return err
		}
		f(buf[:n])
		from += n
	}
	return nil
}

// finished takes over a piece that was verified, or that must come again.
func (t *Torrent) finished(p *piece, v verdict) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version.Add(1)
	if !v.right {
		t.failed(p, v)
		t.refillIdle(now)
		return
	}
	delete(t.active, p.index)
	t.verified++
	t.have.Set(p.index)
	t.picker.Verified(p.index)
	t.sendCancels()
	t.notePiece(plane.EventVerified, p.index)
	t.spread(p.index, now)
	for _, addr := range t.court.pass(p.index, v.sums) {
		t.ban(addr, p.index)
	}
	t.cfg.Verified(p.index)
	if t.cfg.Complete != nil && t.picker.Left() == 0 && len(t.active) == 0 {
		t.cfg.Complete()
	}
}

// failed deals with a piece that is not right.
func (t *Torrent) failed(p *piece, v verdict) {
	if v.wrong {
		t.failures++
		t.notePiece(plane.EventFailed, p.index)
		if t.try(p, v) {
			return
		}
	}
	if t.active[p.index] == p { // no trial has ended it
		delete(t.active, p.index)
		t.again(p, v)
	}
}

// again makes a piece come again. A torrent that was closed under the piece could
// not read it, for which nobody is to blame.
func (t *Torrent) again(p *piece, v verdict) {
	t.wasted.Add(p.size)
	t.picker.Failed(p.index)
	if !v.wrong {
		return
	}
	e := evidence{sums: v.sums}
	for _, c := range p.from {
		e.from = append(e.from, c.info.Addr)
	}
	for _, addr := range t.court.fail(p.index, e) {
		t.ban(addr, p.index)
	}
}
