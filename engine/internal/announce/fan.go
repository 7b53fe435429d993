package announce

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"time"
)

// Families is a set of protocol families.
type Families uint8

// The families of BEP 7. A set is a sum of them.
const (
	IPv4 Families = 1 << iota
	IPv6
)

// String returns the families in words, "" for none.
func (f Families) String() string { return [...]string{"", "IPv4", "IPv6", "IPv4, IPv6"}[f&3] }

// network returns the name that package net has for a protocol over one family, or
// over any if f is not one.
func (f Families) network(proto string) string {
	switch f {
	case IPv4:
		return proto + "4"
	case IPv6:
		return proto + "6"
	}
	return proto
}

// secondWait is how long an answer over one family waits for that over the other, which
// may never come: many hosts have an address that cannot be reached.
const secondWait = 5 * time.Second

// answer is how the announce of one info hash over one family went.
type answer struct {
	family Families
	twin   bool // of the other info hash
	reply  reply
	err    error
}

// each announces a request at several doors at the same time, and for each of its info
// hashes, with send, and returns all answers (BEP 7, 52).
func each(ctx context.Context, doors []door, r request, send func(context.Context, door, request) (reply, error)) []answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := r.found
	done := make(chan []answer, len(doors))
	for _, d := range doors {
		go func() {
			var list []answer
			for i, id := range r.ids() {
				one := r
				one.id, one.twin = id, [20]byte{}
				rep, err := send(ctx, d, one)
				if err == nil && found != nil && len(rep.peers) > 0 {
					found(rep.peers)
					rep.peers = nil
				}
				list = append(list, answer{d.family, i > 0, rep, err})
				if err != nil && !refused(err) {
					break // nor would it answer the next
				}
			}
			done <- list
		}()
	}
	var all []answer
	for range doors {
		list := <-done
		if err := list[0].err; err == nil || refused(err) {
			defer time.AfterFunc(secondWait, cancel).Stop()
		}
		all = append(all, list...)
	}
	return all
}

func refused(err error) bool {
	var refusal *refusedError
	return errors.As(err, &refusal)
}

// merge makes one reply of all answers. It fails if every one did, for the reason that
// tells most.
func merge(all []answer) (reply, error) {
	rep := reply{counts: noCounts}
	var err error
	answered := false
	for _, a := range all {
		if a.err != nil {
			if err == nil || weight(a.err) > weight(err) {
				err = a.err
			}
			continue
		}
		if !answered {
			rep.interval, rep.trackerID = a.reply.interval, a.reply.trackerID
		}
		answered = true
		rep.families |= a.family
		rep.minInterval = max(rep.minInterval, a.reply.minInterval)
		rep.counts = rep.counts.most(a.reply.counts)
		rep.peers = append(rep.peers, a.reply.peers...)
		if rep.warning == "" {
			rep.warning = a.reply.warning
		}
		if !rep.external.IsValid() {
			rep.external = a.reply.external
		}
	}
	if !answered {
		return reply{}, err
	}
	rep.peers = rep.peers[:min(len(rep.peers), maxPeers)]
	if rep.warning == "" {
		rep.warning = halfRefused(all)
	}
	return rep, nil
}

// halfRefused says which info hash of a hybrid a tracker refuses that takes the other.
func halfRefused(all []answer) string {
	for _, a := range all {
		if refused(a.err) {
			which := "the v1 info hash"
			if a.twin {
				which = "the v2 info hash"
			}
			return clean(which + ": " + explain(a.err))
		}
	}
	return ""
}

// weight orders failures by how much they tell: what the tracker says before that it
// does not answer, and that before that one family leads nowhere.
func weight(err error) int {
	switch {
	case refused(err):
		return 3
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return 1
	}
	return 2
}

func familyOf(ip netip.Addr) Families {
	if ip.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}
