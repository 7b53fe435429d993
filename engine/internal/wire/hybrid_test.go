package wire

import "testing"

// hybrids has a torrent with two info hashes.
type hybrids struct {
	registry
	v2 [20]byte
}

func (h hybrids) V2(hash [20]byte) ([20]byte, bool) { return h.v2, hash == h.hash }

// A peer that knows a hybrid by its v2 info hash only is dialled with that after it has
// hung up, and one that knows the other is not.
func TestDialAsV2(t *testing.T) {
	v2 := [20]byte{9, 8, 7}
	for _, policy := range []Policy{EncryptionAllow, EncryptionOff, EncryptionRequire} {
		for _, knows := range [][20]byte{testHash, v2} {
			from, to := &end{joined: make(chan *peer, 1)}, &end{joined: make(chan *peer, 1)}
			plane := func(e *end) planeFunc {
				return func(c *Conn) Peer {
					p := newPeer(c)
					e.joined <- p
					return p
				}
			}
			from = &end{newEnd(t, Config{Policy: policy, Registry: hybrids{registry{testHash, plane(from)}, v2}}).Net, from.joined}
			to = &end{newEnd(t, Config{Policy: policy, Registry: registry{knows, plane(to)}}).Net, to.joined}
			go func() { // ends with the connection
				if in, err := to.Listeners()[0].Accept(); err == nil {
					shake(in, nil, 'i')
					in.Write(frame(HaveNone))
				}
			}()
			out, err := from.Dialers()[0].Dial(t.Context(), to.Listeners()[0].Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			reply, err := shake(out, &testHash, 'o')
			if err != nil || [20]byte(reply[28:48]) != knows {
				t.Fatalf("policy %d, it knows %x: the answer is %x, %v", policy, knows, reply, err)
			}
			out.Write(frame(HaveNone))
			if info := from.peer(t).c.Info(); info.InfoHash != knows {
				t.Errorf("the connection is for %x", info.InfoHash)
			}
			to.peer(t)
		}
	}
}
