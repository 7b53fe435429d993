package webseed

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/transfer"
)

const (
	pieceLength = 64 << 10
	patient     = 30 * time.Second // with what must happen
	within      = 2 * time.Second
)

// share is a torrent with its data.
type share struct {
	torrent *Torrent
	hashes  hash.Pieces
	length  int64
	data    []byte            // of all pieces
	at      map[string][]byte // the files, by their paths in URLs, unescaped
	layout  disk.Layout
}

// names are those of the files of a share, some of which need care in a URL.
var names = []string{"plain.bin", "in a folder/100%.dat", "in a folder/ü#?&+;=.txt", "empty", "a;b/c:d@e!.iso", "last"}

// newShare makes a torrent of files of these sizes, of version v1, v2, hybrid, or padded,
// which is v1 with pad files. One file lies in no folder.
func newShare(t testing.TB, version string, sizes ...int) *share {
	t.Helper()
	s := &share{torrent: &Torrent{Name: "A torrent?", Alone: len(sizes) == 1, PieceLength: pieceLength}, at: map[string][]byte{}}
	random := rand.New(rand.NewPCG(1, uint64(len(sizes))))
	add := func(f File, path []string, data []byte) {
		f.Offset, f.Length = int64(len(s.data)), int64(len(data))
		s.torrent.Files = append(s.torrent.Files, f)
		s.layout.Files = append(s.layout.Files, disk.File{Path: path, Offset: f.Offset, Length: f.Length, Pad: f.Pad})
		s.data = append(s.data, data...)
	}
	for i, size := range sizes {
		if rest := len(s.data) % pieceLength; rest > 0 && version != "v1" && size > 0 {
			add(File{Pad: true}, nil, make([]byte, pieceLength-rest))
		}
		data := make([]byte, size)
		for j := range data {
			data[j] = byte(random.Uint32())
		}
		path := strings.Split(names[i], "/")
		if (version == "v2" || version == "hybrid") && size > 0 {
			s.hashes.Trees = append(s.hashes.Trees, hash.Tree{Length: int64(size), First: len(s.data) / pieceLength})
		}
		if s.torrent.Alone {
			s.at["/"+s.torrent.Name] = data
			add(File{}, []string{"file"}, data)
			continue
		}
		s.at["/"+s.torrent.Name+"/"+names[i]] = data
		add(File{Path: path}, append([]string{"torrent"}, path...), data)
	}
	s.length = int64(len(s.data))
	s.torrent.Pieces = (len(s.data) + pieceLength - 1) / pieceLength
	s.layout.Length, s.layout.Pieces, s.layout.PieceLength = s.length, s.torrent.Pieces, pieceLength
	s.hashes.Length, s.hashes.PieceLength = s.length, pieceLength
	if err := s.hashes.Make(t.Context(), bytes.NewReader(s.data), version != "v2"); err != nil {
		t.Fatal(err)
	}
	for i, tree := range s.hashes.Trees {
		if tree.Layer != nil {
			s.hashes.Trees[i], _ = tree.WithLayer(tree.Layer, pieceLength)
		}
	}
	return s
}

// asked is a request that a server had.
type asked struct{ path, ranges string }

// server has the files of a share. Its behave, if it returns true, has answered.
type server struct {
	*httptest.Server
	share  *share
	behave func(w http.ResponseWriter, r *http.Request, data []byte) bool

	mu    sync.Mutex
	asked []asked
	conns int
}

// serve starts a server, in whose base folder the torrent is.
func serve(t testing.TB, s *share, behave func(w http.ResponseWriter, r *http.Request, data []byte) bool) *server {
	t.Helper()
	v := &server{share: s, behave: behave}
	v.Server = httptest.NewUnstartedServer(v)
	v.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if state == http.StateNew {
			v.conns++
		}
	}
	v.Start()
	t.Cleanup(func() {
		v.CloseClientConnections()
		v.Close()
	})
	return v
}

func (v *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.asked = append(v.asked, asked{r.URL.Path, r.Header.Get("Range")})
	v.mu.Unlock()
	data, ok := v.share.at[r.URL.Path]
	if v.behave != nil && v.behave(w, r, data) {
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// requests returns what was asked for so far, and over how many connections.
func (v *server) requests() ([]asked, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.asked), v.conns
}

// leech downloads a share from web seeds.
type leech struct {
	*transfer.Torrent
	t     testing.TB
	share *share
	disk  *disk.Torrent
	seeds []*Seed
	ours  chan struct{}
	bans  chan netip.AddrPort
	more  func(url string) // adds a web seed
	end   func()
}

// newLeech makes one that gets the share from these URLs, and tries again soon.
func newLeech(t testing.TB, s *share, limits transfer.Limits, urls ...string) *leech {
	t.Helper()
	d, err := disk.Open(disk.Options{Dir: t.TempDir(), Have: plane.MakeBits(s.torrent.Pieces), Layout: s.layout})
	if err != nil {
		t.Fatal(err)
	}
	l := &leech{Torrent: transfer.New(limits), t: t, share: s, disk: d, ours: make(chan struct{}, 1), bans: make(chan netip.AddrPort, 100)}
	workers := transfer.NewWorkers()
	l.Open(transfer.Config{
		Pieces: s.torrent.Pieces, PieceLength: pieceLength, Length: s.length, Hashes: s.hashes, Disk: d, Workers: workers,
		Wanted:   transfer.Wanted{Pieces: plane.FullBits(s.torrent.Pieces), High: plane.MakeBits(s.torrent.Pieces)},
		Verified: func(int) {}, Complete: func() { close(l.ours) },
		Banned: func(a netip.AddrPort, _ int) { l.bans <- a },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}}
	l.more = func(url string) {
		seed := New(Config{
			URL: url, Addr: plane.WebSeed(len(l.seeds) + 1), Torrent: s.torrent, Client: client, UserAgent: "test",
			Wrong: transfer.ErrCorrupt, Again: 20 * time.Millisecond, Within: within,
			Attach: func(k Link, have plane.Bits) Source {
				if s := l.Attach(k, transfer.Spec{URL: url, Have: have}); s != nil {
					return s
				}
				return nil
			},
		})
		l.seeds = append(l.seeds, seed)
		all.Go(func() { seed.Run(ctx) })
	}
	for _, url := range urls {
		l.more(url)
	}
	all.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				l.Tick(now)
			case <-ctx.Done():
				return
			}
		}
	})
	l.end = sync.OnceFunc(func() {
		cancel()
		l.Close()
		all.Wait()
		workers.Close()
		client.CloseIdleConnections()
	})
	t.Cleanup(func() { l.end(); d.Close() })
	return l
}

// complete waits until everything is there, and compares it.
func (l *leech) complete() {
	l.t.Helper()
	select {
	case <-l.ours:
	case <-time.After(patient):
		for _, s := range l.seeds {
			p, ok := s.Absent()
			l.t.Logf("%q %v", p.Err, ok)
		}
		l.t.Fatalf("%d of %d pieces came", l.Counters().Verified, l.share.torrent.Pieces)
	}
	l.end()
	got := make([]byte, l.share.length)
	if _, err := l.disk.ReadAt(got, 0); err != nil || !bytes.Equal(got, l.share.data) {
		l.t.Fatalf("the data is wrong, %v", err)
	}
}

// absent waits until a web seed does not take part, and says why.
func (l *leech) absent(n int) plane.Peer {
	l.t.Helper()
	for late := time.After(patient); ; {
		if p, ok := l.seeds[n].Absent(); ok {
			return p
		}
		select {
		case <-late:
			l.t.Fatal("it still takes part")
		case <-time.After(time.Millisecond):
		}
	}
}
