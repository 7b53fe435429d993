package tracker

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestPeers does anything to a list, and compares it with a map all the while.
func TestPeers(t *testing.T) {
	for _, width := range []int{v4Width, v6Width} {
		random := rand.New(rand.NewPCG(1, uint64(width)))
		list, model := &peers{width: width}, map[netip.AddrPort]kind{}
		for step := range 20_000 {
			a := numbered(1, random.IntN(600))
			if width == v6Width {
				a = sixth(1, random.IntN(600))
			}
			var buf [v6Width]byte
			addr, k := put(&buf, a.addr), kind(random.IntN(3))
			at := list.find(addr)
			if _, there := model[a.addr]; there != (at >= 0) {
				t.Fatalf("step %d: %v is there: %v, and is found at %d", step, a.addr, there, at)
			}
			switch {
			case at < 0 && (step/3000%2 == 0 || random.IntN(4) == 0):
				list.move(list.add(addr, member{id: a.id}), k)
				model[a.addr] = k
			case at >= 0 && random.IntN(2) == 0:
				list.move(at, k)
				model[a.addr] = k
			case at >= 0:
				list.remove(at)
				delete(model, a.addr)
			}
			if step%50 == 0 {
				checkPeers(t, list)
			}
		}
		if len(model) != list.len() || list.len() == 0 {
			t.Fatalf("%d peers, %d expected", list.len(), len(model))
		}
		for at := range list.members {
			var f found
			if width == v4Width {
				f.v4 = list.addr(at)
			} else {
				f.v6 = list.addr(at)
			}
			if addr := f.told()[0]; model[addr] != list.kind(at) {
				t.Errorf("%v is of kind %d, not %d", addr, list.kind(at), model[addr])
			}
		}
	}
}

// TestPeersShrink: what many peers took is given back when they have gone.
func TestPeersShrink(t *testing.T) {
	list := &peers{width: v4Width}
	var buf [v6Width]byte
	for n := range 10_000 {
		list.add(put(&buf, numbered(1, n).addr), member{})
	}
	for list.len() > 5 {
		list.remove(rand.IntN(list.len()))
	}
	if cap(list.members) > 100 || len(list.index) > 100 {
		t.Errorf("room for %d, an index of %d", cap(list.members), len(list.index))
	}
	checkPeers(t, list)
}
