package choke

import "math"

// Automatic returns how many slots suit an upload of rate bytes/s: 4, the
// customary number, from 64 KB/s to 4 MB/s, fewer below and one more for each
// fourfold above, but from 2 to 12. Few slots are what makes giving worth while:
// where everybody is unchoked, who gives nothing gets as much. While the line is
// not full, Uplink finds more.
func Automatic(rate int64) int {
	fourfold := func(base float64) int {
		return int(math.Floor(math.Log2(max(float64(rate), 1)/base) / 2))
	}
	return min(max(3+fourfold(16e3), 2), 4+max(fourfold(1e6), 0), 12)
}

// Uplink finds the number of slots that fills a torrent's or a session's upload.
// The zero value is ready to use.
type Uplink struct {
	extra int   // slots above Automatic
	last  int64 // the rate of the round before
	grew  bool  // in the round before
}

// Slots returns the number of slots for the next 10 s. Rate is the upload of the
// last 10 s in bytes/s and limit what it may be, negative for unlimited; busy is
// how many slots were used. A slot is added while all are used and the upload is
// below its limit, and taken back when it brought less than half of what the
// others bring.
func (u *Uplink) Slots(rate, limit int64, busy int) int {
	slots := Automatic(rate) + u.extra
	full := limit >= 0 && rate >= limit-limit/20
	gain := rate - u.last
	switch {
	case full || u.grew && gain < rate/int64(2*slots):
		u.extra, u.grew = max(u.extra-1, 0), false
	case busy >= slots && !full:
		u.extra, u.grew = u.extra+1, true
	default:
		u.grew = false
	}
	u.last = rate
	return Automatic(rate) + u.extra
}

// Share divides slots between torrents that want some each, as evenly as it can
// be done, and returns what each gets. What one does not want goes to the
// others; the first of equals get what cannot be divided.
func Share(slots int, wants []int) []int {
	shares := make([]int, len(wants))
	for slots > 0 {
		open := 0
		for i, want := range wants {
			if shares[i] < want {
				open++
			}
		}
		if open == 0 {
			break
		}
		each := max(slots/open, 1)
		for i, want := range wants {
			n := min(each, max(want-shares[i], 0), slots)
			shares[i] += n
			slots -= n
		}
	}
	return shares
}
