package piecemap

import (
	"image/color"
	"reflect"

	"piecewise/engine"
)

// Source is a number of pieces, each in a state. *engine.Pieces and
// *engine.Bits are sources. A source that is a pointer must never change: the
// drawn result is kept and used again for the same pointer.
type Source interface {
	Len() int
	State(i int) engine.PieceState // 0 ≤ i < Len
}

// Part is the run of pieces [First, End) of another source, such as those of one
// file. Its piece 0 is piece First of the other.
type Part struct {
	Of         Source
	First, End int
}

// Len returns the number of pieces of the part that the other source has.
func (p Part) Len() int {
	if p.Of == nil {
		return 0
	}
	return max(0, min(p.End, p.Of.Len())-p.First)
}

// State returns the state of piece First+i of the other source.
func (p Part) State(i int) engine.PieceState { return p.Of.State(p.First + i) }

// Strip is what a bar shows.
type Strip struct {
	Source Source     // nil if the pieces are not known
	Recent *Recent    // pieces of the source, or of what it is a part of, that just arrived; may be nil
	Tint   color.RGBA // opaque, instead of the palette's colour for verified; zero for that
}

// Shown remembers what was last drawn, so that only what changed is drawn again.
// The zero value has shown nothing.
type Shown struct {
	strip   Strip
	version uint64
	any     bool
}

// Update remembers strip as drawn and reports whether it can differ from what
// was drawn before.
func (s *Shown) Update(strip Strip) bool {
	now := Shown{strip, strip.Recent.Version(), true}
	unchanged := s.any && same(strip.Source, s.strip.Source) && strip.Tint == s.strip.Tint &&
		strip.Recent == s.strip.Recent && now.version == s.version
	*s = now
	return !unchanged
}

// origin returns what src is a part of, if it is one, and the index there of
// the first piece of src.
func origin(src Source) (of Source, offset int) {
	switch p := src.(type) {
	case Part:
		return p.Of, p.First
	case *Part:
		return p.Of, p.First
	}
	return src, 0
}

// keepable reports whether src can be told from another one by comparing them.
func keepable(src Source) bool {
	of, _ := origin(src)
	return of != nil && reflect.TypeOf(of).Comparable()
}

// same reports whether a and b are known to have the same pieces.
func same(a, b Source) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return keepable(a) && keepable(b) && a == b
}

// size returns the number of pieces of src, 0 if there is none.
func size(src Source) int {
	if src == nil {
		return 0
	}
	return src.Len()
}
