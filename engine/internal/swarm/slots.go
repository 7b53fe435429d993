package swarm

import (
	"piecewise/engine/internal/choke"
	"piecewise/engine/internal/plane"
)

// slots divides the unchoke slots of the session between its torrents.
type slots struct {
	uplink choke.Uplink
	total  int // that suit the upload rate
	ticks  int
	sent   int64 // payload at the last round
}

const slotsEvery = 10 // ticks

// freeSlots is the least while there is no upload limit: a line whose speed
// nobody knows should not wait for slots.
const freeSlots = 8

// share gives each torrent its slots: the number that the user chose for it, or
// its part of as many as suit the upload rate; all together no more than the
// session may have.
func (s *slots) share(c *Client, all []*Torrent) {
	most, asks, busy, sent := c.rules().MaxSlots, make([]ask, len(all)), 0, int64(0)
	for i, t := range all {
		want, unchoked := t.plane.Interested()
		asks[i] = ask{fixed: int(t.slots.Load()), want: want}
		if t.plane.SuperSeeding() {
			asks[i].least, _ = t.plane.Connected()
		}
		busy += unchoked
		sent += t.plane.Counters().Uploaded
	}
	if s.ticks%slotsEvery == 0 {
		s.measure(sent, c.up.Root().Rate(), busy)
	}
	s.ticks++
	for i, n := range divide(most, s.total, asks) {
		all[i].plane.SetSlots(n)
		if most < 0 {
			n = plane.Unlimited
		}
		all[i].plane.SetMaxSlots(n)
	}
}

// measure finds out how many slots the upload of the last round calls for.
func (s *slots) measure(sent, limit int64, busy int) {
	perSecond := max(0, sent-s.sent) / slotsEvery // less than before if a torrent was dropped
	s.sent = sent
	s.total = s.uplink.Slots(perSecond, limit, busy)
	if limit < 0 {
		s.total = max(s.total, freeSlots)
	} else {
		s.total = max(s.total, choke.Automatic(limit))
	}
}

// ask is what a torrent asks for of the slots.
type ask struct {
	fixed int // what the user chose for it; negative is a share of the automatic ones
	least int // a share that is smaller does not do: a super-seed unchokes all its peers
	want  int // peers that want something of us
}

// divide returns the slots of each torrent, of total automatic ones and at most
// so many in all, unless most is negative. A torrent that nobody wants anything of
// has one, if it can be had, so that the first who asks has a chance at once.
func divide(most, total int, asks []ask) []int {
	wants, slots := make([]int, len(asks)), make([]int, len(asks))
	for i, a := range asks {
		if a.fixed < 0 {
			wants[i] = a.want
		}
	}
	for i, n := range choke.Share(total, wants) {
		if slots[i] = asks[i].fixed; slots[i] < 0 {
			slots[i] = max(n, asks[i].least, 1)
		}
	}
	if most < 0 {
		return slots
	}
	for i, a := range asks { // first what is used at once, then what is not
		wants[i] = min(a.want, slots[i])
	}
	out := choke.Share(most, wants)
	for i, n := range out {
		most -= n
		slots[i] -= n
	}
	for i, n := range choke.Share(most, slots) {
		out[i] += n
	}
	return out
}
