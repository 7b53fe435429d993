package engine

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/swarm"
)

// metadataFor returns what is called with a magnet's metadata. The gate is passed
// here, on a goroutine of its own, before anybody else looks at it.
//
// Of a v2 torrent it is not all: the hashes of pieces come from peers, too. Those of
// a hybrid, for which SHA-1 is enough, are waited for only while a peer sends them.
func (s *state) metadataFor(id ID) func([]byte, swarm.Layers) {
	mail := s.mail
	got := func(gate *admit.Torrent, err error) {
		mail.post(func(s *state) {
			if t, missing := s.find(id); missing == nil && t.meta == nil {
				s.gotMetadata(t, gate, err)
			}
		})
	}
	return func(info []byte, layers swarm.Layers) {
		gate, err := admit.Info(slices.Clone(info), id)
		if err != nil || !gate.NeedsLayers() {
			got(gate, err)
			return
		}
		wait := time.Duration(0)
		if gate.Hybrid {
			wait = layersWait
		}
		layers(shortV2(gate), gate.Trees, gate.PieceLength, wait, func(have map[hash.Sum][]byte) {
			if have == nil {
				got(gate.Untwined(), nil)
				return
			}
			got(gate.WithLayers(have))
		})
	}
}

const layersWait = 3 * time.Second

// shortV2 is the v2 info hash as handshakes, trackers and the DHT have it.
func shortV2(g *admit.Torrent) ID { return ID(g.HashV2[:20]) }

func (s *state) gotMetadata(t *torrent, gate *admit.Torrent, err error) {
	s.gotMetadataFrom(t, "Peers have", gate, err)
}

// gotMetadataFrom takes a magnet's metadata, or why it is of no use. who is of whom the
// log tells.
func (s *state) gotMetadataFrom(t *torrent, who string, gate *admit.Torrent, err error) {
	if err != nil {
		s.fault(t, because("Peers sent details that cannot be used", err))
		s.steer(t)
		return
	}
	if o := s.twin(t, gate.HashV2, gate.ID); o != nil {
		s.fault(t, fmt.Sprintf("This is the torrent %q, which is in the list already.", o.rec.Name))
		s.steer(t)
		return
	}
	gate.Trackers = t.rec.Trackers
	if link, err := admit.Magnet(t.rec.Magnet); err == nil {
		gate.WebSeeds = link.WebSeeds
	}
	t.gate, t.meta = gate, metaOf(gate)
	t.raw = metainfoFile(gate, t.rec.Trackers)
	t.have = MakeBits(t.meta.Pieces)
	t.rec.Name, t.rec.Pieces = t.meta.Name, t.meta.Pieces
	s.index(t)
	s.count(t)
	t.fetch, t.exact = nil, nil
	if !t.preview {
		s.chooseOnly(t)
	}
	s.lend(t)
	if t.tally != nil {
		s.announcer.SetTwin(t.id, t.twin())
	}
	s.note(t, fmt.Sprintf("%s sent the details: %d files, %d pieces.", who, len(t.meta.Files), t.meta.Pieces))
	s.emit(GotMetadata, t, "")
	s.touch(t)
	s.steer(t)
}

// keepMetainfo saves the torrent's metainfo as a file of its own, from which the
// list can be rebuilt; only once, as long as we have it.
func (s *state) keepMetainfo(t *torrent) {
	t.dirty = true
	if t.raw == nil {
		return
	}
	raw, st, rec := t.raw, s.store, t.rec
	t.raw, t.unsaved = nil, true
	s.keeper.push(func() func(*state) {
		err := st.SaveMetainfo(rec, raw)
		return func(s *state) {
			if t.unsaved = err != nil; err != nil {
				s.emit(Notice, t, because(fmt.Sprintf("%q could not be saved and will be missing at the next start", rec.Name), err))
			}
		}
	})
}

// open starts the download of a torrent whose metadata has come from the peers
// it is connected to.
func (s *state) open(t *torrent) {
	r, gate, st, id := t.run, t.gate, s.store, t.id
	t.gate = nil
	o := swarm.Open{Layout: layoutOf(t.meta), Wanted: t.wanted.pieces, Complete: s.completeFor(t), Torn: s.tornFor(t), Banned: s.bannedFor(t)}
	files := t.files()
	files.Have, files.Policy = t.have, s.policy()
	t.busy = true
	s.tasks.push(func() func(*state) {
		err, safe := error(nil), synced{}
		if gate == nil {
			gate, err = reload(st, id)
		}
		if err == nil {
			o.Hashes, o.IDs, o.V2, o.Opaque = piecesOf(gate), idsOf(gate), shortV2(gate), gate.Opaque
			o.InfoBytes, o.Withheld, o.Private = gate.InfoBytes, gate.Opaque && !gate.Private, gate.Private
			o.WebSeeds, o.WebFiles = gate.WebSeeds, webFilesOf(gate)
			o.Disk, err = s.openDisk(t, files)
		}
		if err == nil {
			safe = syncOf(o.Disk)
		}
		return func(s *state) {
			if err != nil {
				s.unopened(t, err)
				return
			}
			s.land(t, o.Disk, safe, func(s *state) {
				s.task(t, s.library, func() func(*state) {
					err := r.Open(o)
					return func(s *state) { s.opened(t, o.Disk, err) }
				})
			})
		}
	})
}

func (s *state) opened(t *torrent, d *disk.Torrent, err error) {
	t.run.disk, t.drawn = d, nil
	if err != nil {
		s.notStarted(t, err)
		return
	}
	t.run.saved = t.run.Version()
	s.count(t) // some pieces may have come by now
	t.tally.lacks(t.left(), t.partial())
	if t.complete() {
		s.finish(t) // its files are not in their places yet
	}
}

// metaOf is what the program sees of checked metainfo.
func metaOf(g *admit.Torrent) *Meta {
	m := &Meta{
		HashV1: g.ID, HashV2: g.HashV2, Name: g.Name, PieceLength: g.PieceLength, Pieces: g.Pieces(), Size: g.Size,
		Private: g.Private, Comment: g.Comment, CreatedBy: g.CreatedBy, Created: g.Created,
		Trackers: g.Trackers, WebSeeds: g.WebSeeds, Version: "v1",
	}
	switch {
	case g.Hybrid:
		m.Version = "hybrid"
	case g.V2:
		m.Version, m.HashV1 = "v2", ID{}
	}
	m.length = g.Length
	m.Files = make([]File, 0, len(g.Files))
	for _, f := range g.Files {
		if !f.Pad {
			m.Files = append(m.Files, File{Path: f.Path, Length: f.Length, Offset: f.Offset, given: g.Given(f)})
		}
	}
	m.pads = padsOf(layoutOf(m))
	return m
}

// padsOf returns how much of each piece is filled with pad files, nil without any.
func padsOf(l disk.Layout) map[int]int64 {
	var pads map[int]int64
	for _, f := range l.Files {
		for at, end := f.Offset, f.Offset+f.Length; f.Pad && at < end; {
			piece := at / l.PieceLength
			next := min(end, (piece+1)*l.PieceLength)
			if pads == nil {
				pads = map[int]int64{}
			}
			pads[int(piece)] += next - at
			at = next
		}
	}
	return pads
}

// layoutOf is what the disk sees of a torrent: the files, and pad files wherever
// Meta has none.
func layoutOf(m *Meta) disk.Layout {
	l := disk.Layout{PieceLength: m.PieceLength, Pieces: m.Pieces, Length: m.length}
	end := int64(0)
	pad := func(to int64) {
		if to > end {
			l.Files = append(l.Files, disk.File{Offset: end, Length: to - end, Pad: true})
			end = to
		}
	}
	for _, f := range m.Files {
		pad(f.Offset)
		l.Files = append(l.Files, disk.File{Path: f.Path, Length: f.Length, Offset: f.Offset, Given: f.given})
		end += f.Length
	}
	pad(m.length)
	return l
}

// metainfoFile makes a .torrent of metadata that came from peers (BEP 3, 12, 52).
func metainfoFile(g *admit.Torrent, tiers [][]string) []byte {
	text := func(b []byte, s string) []byte { return fmt.Appendf(b, "%d:%s", len(s), s) }
	b := []byte("d")
	if len(tiers) > 0 {
		b = append(text(b, "announce-list"), 'l')
		for _, tier := range tiers {
			b = append(b, 'l')
			for _, url := range tier {
				b = text(b, url)
			}
			b = append(b, 'e')
		}
		b = append(b, 'e')
	}
	b = append(text(b, "info"), g.InfoBytes...)
	layers := map[string][]byte{}
	for _, tree := range g.Trees {
		if tree.Layer != nil {
			layers[string(tree.Root[:])] = tree.Layer
		}
	}
	if len(layers) > 0 {
		b = append(text(b, "piece layers"), 'd')
		for _, root := range slices.Sorted(maps.Keys(layers)) {
			b = text(text(b, root), string(layers[root]))
		}
		b = append(b, 'e')
	}
	if len(g.WebSeeds) > 0 {
		b = append(text(b, "url-list"), 'l')
		for _, url := range g.WebSeeds {
			b = text(b, url)
		}
		b = append(b, 'e')
	}
	return append(b, 'e')
}

var _ carrier = (*swarm.Torrent)(nil)
