package pick

import "math/rand/v2"

// rarity is the order of the pieces that nobody fetches yet: ascending by
// availability, random among equals. A change of availability by one swaps two
// pieces and moves one bound; to insert or remove costs one move a class.
type rarity struct {
	pieces []int32
	ends   []int32 // ends[k] is where the pieces of availability k end
	at     []int32 // where a piece is, shared by both orders; -1 if in neither
	rand   *rand.Rand
}

func (r *rarity) place(piece int32, at int) {
	r.pieces[at], r.at[piece] = piece, int32(at)
}

func (r *rarity) start(class int) int {
	if class == 0 {
		return 0
	}
	if class > len(r.ends) {
		return len(r.pieces)
	}
	return int(r.ends[class-1])
}

func (r *rarity) grow(class int) {
	for len(r.ends) <= class {
		r.ends = append(r.ends, int32(len(r.pieces)))
	}
}

// mix swaps the piece at one place with any of its class. New members need it,
// else they would always stand at the edge of their class.
func (r *rarity) mix(at, class int) {
	start := r.start(class)
	r.swap(at, start+r.rand.IntN(int(r.ends[class])-start))
}

func (r *rarity) swap(i, j int) {
	a, b := r.pieces[i], r.pieces[j]
	r.place(b, i)
	r.place(a, j)
}

func (r *rarity) insert(piece, class int) {
	r.grow(class)
	hole := len(r.pieces)
	r.pieces = append(r.pieces, int32(piece))
	for k := len(r.ends) - 1; k > class; k-- {
		if first := r.start(k); first != hole {
			r.place(r.pieces[first], hole)
			hole = first
		}
		r.ends[k]++
	}
	r.ends[class]++
	r.place(int32(piece), hole)
	r.mix(hole, class)
}

func (r *rarity) remove(piece, class int) {
	hole := int(r.at[piece])
	for k := class; k < len(r.ends); k++ {
		if last := int(r.ends[k]) - 1; last != hole {
			r.place(r.pieces[last], hole)
			hole = last
		}
		r.ends[k]--
	}
	r.pieces = r.pieces[:hole]
	r.at[piece] = -1
}

// raise moves a piece of class to the next one.
func (r *rarity) raise(piece, class int) {
	r.grow(class + 1)
	last := int(r.ends[class]) - 1
	r.swap(int(r.at[piece]), last)
	r.ends[class]--
	r.mix(last, class+1)
}

// lower moves a piece of class to the one before.
func (r *rarity) lower(piece, class int) {
	first := r.start(class)
	r.swap(int(r.at[piece]), first)
	r.ends[class-1]++
	r.mix(first, class-1)
}

// fill makes the order anew from pieces, which it shuffles.
func (r *rarity) fill(pieces []int32, avail []uint16) {
	r.rand.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	clear(r.ends)
	for _, i := range pieces {
		for len(r.ends) <= int(avail[i]) {
			r.ends = append(r.ends, 0)
		}
		r.ends[avail[i]]++
	}
	sum := int32(0)
	for k, n := range r.ends {
		r.ends[k] = sum
		sum += n
	}
	r.pieces = append(r.pieces[:0], pieces...)
	for _, i := range pieces {
		class := avail[i]
		r.place(i, int(r.ends[class]))
		r.ends[class]++
	}
}
