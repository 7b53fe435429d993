package pick

import (
	"cmp"
	"slices"
)

// hunt returns the rarest fresh piece of a class that a peer has, or -1, for a
// peer that lacks the rarest of all. It lists the rarest that the peer has, so
// that the next calls need not look at every piece; their availability may have
// changed a little by the time they are taken.
func (p *Picker) hunt(pr *Peer, class int) int {
	for range 2 {
		list := pr.hunted[class]
		for len(list) > 0 {
			piece := int(list[len(list)-1])
			list = list[:len(list)-1]
			pr.hunted[class] = list
			if p.fresh.has(piece) && pr.can(piece) {
				return piece
			}
		}
		pr.hunted[class] = p.list(pr, class, list)
	}
	return -1
}

// list appends the rarest fresh pieces of a class that a peer has, at most
// huntSize, the rarest last.
func (p *Picker) list(pr *Peer, class int, dst []int32) []int32 {
	counts := make([]int, len(p.order[class].ends))
	for i := range p.fresh {
		each(p.common(pr, class, i), i, func(piece int) { counts[p.avail[piece]]++ })
	}
	limit, sum := 0, 0
	for limit < len(counts) && sum < huntSize {
		sum += counts[limit]
		limit++
	}
	// Of the last class that fits only some are taken: those after a random word.
	from, rest := 0, huntSize
	if limit > 0 {
		rest -= sum - counts[limit-1]
		from = p.c.Rand.IntN(len(p.fresh))
	}
	for i := range p.fresh {
		i = (i + from) % len(p.fresh)
		each(p.common(pr, class, i), i, func(piece int) {
			switch k := int(p.avail[piece]); {
			case k == limit-1 && rest > 0:
				rest--
				dst = append(dst, int32(piece))
			case k < limit-1:
				dst = append(dst, int32(piece))
			}
		})
	}
	p.c.Rand.Shuffle(len(dst), func(i, j int) { dst[i], dst[j] = dst[j], dst[i] })
	slices.SortStableFunc(dst, func(a, b int32) int { return cmp.Compare(p.avail[b], p.avail[a]) })
	return dst
}
