package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/route"
	"piecewise/engine/internal/swarm"
)

// Source is a torrent that could be added: checked metainfo, or a magnet link
// whose metadata is still to come. It is made by Open and never changed.
type Source struct {
	ID       ID
	HashV2   [32]byte // the v2 info hash (BEP 52), if it is known
	Name     string   // from outside: escape before showing; may be "" for a magnet
	Meta     *Meta    // nil for a magnet
	Trackers [][]string
	WebSeeds []string         // URLs, BEP 19
	Peers    []netip.AddrPort // named by the magnet's x.pe; of these only what strangers may name is dialled
	Exact    []string         // URLs of the .torrent that the magnet names (xs); none is asked before Add

	only []admit.FileRange // the files that the magnet means (so, BEP 53)

	raw  []byte         // the .torrent file; nil for a magnet
	gate *admit.Torrent // the same, checked
	made *made          // if it was made here
}

const fetchTimeout = 30 * time.Second

// Open reads what the user names: the path of a .torrent file (or a file://
// URL), a magnet link, an info hash (40 or 64 hexadecimal or 32 base32 characters),
// or an http(s) URL of a .torrent. It reads disk or network and may block until ctx
// ends. With loopback, URLs of other hosts are refused. Errors are one sentence
// for the user.
func Open(ctx context.Context, arg string, loopback bool) (*Source, error) {
	return OpenFor(ctx, arg, Config{Loopback: loopback})
}

// OpenFor is Open, but URLs are fetched as an Engine with this Config would fetch them:
// over the interface and the proxy that it names, or its profile's settings do.
func OpenFor(ctx context.Context, arg string, cfg Config) (*Source, error) {
	return open(ctx, arg, func() (*route.Route, bool, error) { return routeOf(cfg) })
}

// Open is the function Open over the way on which the engine leaves this machine.
func (e *Engine) Open(ctx context.Context, arg string) (*Source, error) {
	return open(ctx, arg, func() (over *route.Route, anonymous bool, err error) {
		err = e.do(ctx, func(s *state) error { over, anonymous = s.route, s.anonymous; return nil })
		return over, anonymous, err
	})
}

func open(ctx context.Context, arg string, over func() (way *route.Route, anonymous bool, err error)) (*Source, error) {
	arg = strings.TrimSpace(arg)
	scheme, _, _ := strings.Cut(strings.ToLower(arg), ":")
	switch {
	case scheme == "magnet":
		return openLink(arg)
	case scheme == "http" || scheme == "https":
		way, anonymous, err := over()
		if err != nil {
			return nil, err
		}
		return openURL(ctx, arg, way, swarm.Agent(anonymous))
	case scheme == "file":
		u, err := url.Parse(arg)
		if err != nil || u.Path == "" || u.Host != "" && u.Host != "localhost" {
			return nil, fmt.Errorf("%q does not name a file on this computer", arg)
		}
		return openFile(filepath.FromSlash(u.Path))
	}
	if _, err := os.Stat(arg); err != nil && !strings.ContainsAny(arg, "/.") {
		if src, err := openLink(arg); err == nil {
			return src, nil
		}
	}
	return openFile(arg)
}

func openLink(link string) (*Source, error) {
	l, err := admit.Magnet(link)
	if err != nil {
		return nil, err
	}
	return &Source{ID: l.ID, HashV2: l.HashV2, Name: l.Name, Trackers: l.Trackers, WebSeeds: l.WebSeeds, Peers: l.Peers, Exact: l.Exact, only: l.Only}, nil
}

func openFile(path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be opened: %w", path, errors.Unwrap(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a file", path)
	}
	return read(f, path)
}

// read reads a .torrent, of which only a bounded part is ever held in memory.
func read(r io.Reader, name string) (*Source, error) {
	raw, err := io.ReadAll(io.LimitReader(r, admit.MaxMetainfo+1))
	if err != nil {
		return nil, fmt.Errorf("%q cannot be read: %w", name, err)
	}
	if len(raw) > admit.MaxMetainfo {
		return nil, fmt.Errorf("%q is too large for a .torrent file", name)
	}
	gate, err := admit.Metainfo(raw)
	if err != nil {
		return nil, fmt.Errorf("%q is not a torrent that can be used: %w", name, err)
	}
	return &Source{
		ID: gate.ID, HashV2: gate.HashV2, Name: gate.Name, Meta: metaOf(gate), Trackers: gate.Trackers, WebSeeds: gate.WebSeeds, raw: raw, gate: gate,
	}, nil
}

// openURL fetches a .torrent over a route.
func openURL(ctx context.Context, link string, over *route.Route, agent string) (*Source, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, fmt.Errorf("%q is not a link that can be opened", link)
	}
	req.Header.Set("User-Agent", agent)
	client := over.HTTPClient(route.Metainfo)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%q could not be fetched: %w", link, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%q could not be fetched: the server answers %s", link, resp.Status)
	}
	return read(resp.Body, link)
}

// Verify hashes the data of src below dir and returns how many pieces are not
// there or wrong. report, if not nil, is called for every piece, in any order,
// from one goroutine at a time.
func Verify(ctx context.Context, src *Source, dir string, report func(piece int, ok bool)) (bad int, err error) {
	if src.gate == nil {
		return 0, errors.New("a magnet link has no pieces to check; the .torrent file is needed")
	}
	files := disk.Options{Dir: dir, Layout: layoutOf(src.Meta), Key: src.ID.String()}
	files.Names = disk.GivenNames(files)
	d, err := disk.Open(files)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	r := d.Scan()
	defer r.Close()
	err = hash.Verify(ctx, r, piecesOf(src.gate), func(piece int, ok bool) {
		if !ok {
			bad++
		}
		if report != nil {
			report(piece, ok)
		}
	})
	return bad, err
}

// FilesThere returns how many of a torrent's files have something in their place below
// dir already. Added there, the torrent hashes them, uses what is right and changes
// none of them. It asks the file system.
func FilesThere(m *Meta, dir string) (int, error) {
	_, there, _, err := existing(disk.Options{Dir: dir, Layout: layoutOf(m)})
	return len(there), err
}

func piecesOf(g *admit.Torrent) hash.Pieces {
	return hash.Pieces{Length: g.Length, PieceLength: g.PieceLength, Hashes: g.Hashes, Trees: g.Trees}
}

// idsOf are all info hashes under which peers may connect.
func idsOf(g *admit.Torrent) [][20]byte {
	if g.Hybrid {
		return [][20]byte{g.ID, shortV2(g)}
	}
	return [][20]byte{g.ID}
}

// FreeSpace returns the bytes that the user can still write below dir, or below
// the nearest folder above it that exists. It asks the file system.
func FreeSpace(dir string) (int64, error) { return disk.Free(dir) }
