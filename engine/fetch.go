package engine

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/plane"
)

// Fetch is how the metadata of a magnet is coming.
type Fetch struct {
	Came, Of int            // pieces of it that have come, from the peer that is ahead; 0 of 0 while nobody sends any
	From     netip.AddrPort // that peer
	Known    int            // addresses of peers that are known
	Problem  FetchProblem   // why nothing comes; NoProblem for a while at the start, and while it comes
}

// FetchProblem is why no metadata comes. It goes on being tried all the same.
type FetchProblem uint8

// The problems, in the order in which they are overcome.
const (
	NoProblem    FetchProblem = iota
	NoPeersKnown              // nobody has named any
	NobodyThere               // none of those that are known can be connected to
	NobodyHasIt               // those that are connected do not have it either
	AllRefuse                 // somebody has refused to send it
	NothingCame               // somebody has it, and sent nothing
	WrongData                 // what came has another hash
)

// fetchPatience is how long nothing may come before it is said why.
const fetchPatience = 20 * time.Second

// fetching says how the metadata is coming, after so long without any.
func fetching(v plane.Fetch, silent time.Duration) *Fetch {
	f := &Fetch{Came: v.Came, Of: v.Of, From: v.From, Known: v.Known}
	switch {
	case silent < fetchPatience:
	case v.Known == 0:
		f.Problem = NoPeersKnown
	case v.Wrong > 0:
		f.Problem = WrongData
	case v.Refused > 0:
		f.Problem = AllRefuse
	case v.Peers == 0:
		f.Problem = NobodyThere
	case v.Silent > 0 || v.Without < v.Peers:
		f.Problem = NothingCame
	default:
		f.Problem = NobodyHasIt
	}
	return f
}

// fetched samples how a running torrent's metadata is coming.
func (s *state) fetched(t *torrent, now time.Time) {
	r := t.run
	if t.known() || r == nil {
		t.fetch = nil
		return
	}
	v := r.Fetch()
	if v.Came != r.fetchCame || r.fetchAt.IsZero() {
		r.fetchCame, r.fetchAt = v.Came, now
	}
	if f := fetching(v, now.Sub(r.fetchAt)); t.fetch == nil || *f != *t.fetch {
		t.fetch = f
	}
}

// chosenBy returns the priorities that the files of a magnet have which means only some
// (BEP 53), nil if it means all. One that means none of the files that there are means
// all, too.
func chosenBy(only []admit.FileRange, files int) map[int]Priority {
	if len(only) == 0 || files == 0 || only[0].First >= files {
		return nil
	}
	out, i := map[int]Priority{}, 0
	for file := range files {
		for i < len(only) && only[i].Last < file {
			i++
		}
		if i == len(only) || file < only[i].First {
			out[file] = Skip
		}
	}
	return out
}

// chooseOnly has the files skipped that the torrent's magnet leaves out, unless the user
// has chosen.
func (s *state) chooseOnly(t *torrent) {
	if t.meta == nil || t.only == nil {
		return
	}
	s.choose(t, chosenBy(t.only, len(t.meta.Files)))
	t.only = nil
}

// fetchExact asks the URLs of the .torrent that a magnet names (xs), one after the other:
// now that the user wants the torrent, and not before, since the link may name any host.
func (s *state) fetchExact(t *torrent) {
	urls := t.exact
	if t.meta != nil || len(urls) == 0 {
		return
	}
	t.exact = nil
	id, v2, quit := t.id, t.hashV2, s.quit
	s.tasks.push(func() func(*state) {
		var gate *admit.Torrent
		var failed []string
		for _, url := range urls {
			ctx, cancel := context.WithTimeout(quit, fetchTimeout)
			raw, err := s.control.Download(ctx, url, admit.MaxMetainfo)
			cancel()
			if err == nil {
				gate, err = exactly(raw, id, v2)
			}
			if err == nil {
				break
			}
			failed = append(failed, because("The .torrent that the magnet link names could not be fetched from "+url, err))
		}
		return func(s *state) {
			for _, why := range failed {
				s.note(t, why)
			}
			if gate != nil && t.meta == nil && s.torrents[t.id] == t && t.leaving == nil {
				s.gotMetadataFrom(t, "The web server that the magnet link names has", gate, nil)
			}
		}
	})
}

// exactly reads a .torrent that must have the info hash of a magnet.
func exactly(raw []byte, id ID, v2 [32]byte) (*admit.Torrent, error) {
	gate, err := admit.Metainfo(raw)
	if err != nil {
		return nil, err
	}
	if !gate.Is(id) || v2 != [32]byte{} && gate.HashV2 != v2 {
		return nil, errors.New("it is another torrent's")
	}
	return gate, nil
}

// Choice returns the priorities that the source itself asks for of the files of m: Skip
// for those that its magnet link leaves out (so, BEP 53); nil is all.
func (s *Source) Choice(m *Meta) map[int]Priority { return chosenBy(s.only, len(m.Files)) }

// hint has the library dial peers that a magnet link names, as far as strangers may name
// them, now and whenever the torrent is started.
func (s *state) hint(t *torrent, peers []netip.AddrPort) {
	const most = 100
	for _, p := range peers {
		if !slices.Contains(t.hinted, p) && len(t.hinted) < most {
			t.hinted = append(t.hinted, p)
		}
	}
	if r := t.run; r != nil && len(peers) > 0 {
		s.library.push(func() func(*state) { r.AddPeers(peers, plane.OriginMagnet); return nil })
	}
}

// Selects reports whether the source itself means only some of its files (so, BEP 53).
func (s *Source) Selects() bool { return len(s.only) > 0 }
