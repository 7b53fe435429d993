package engine

import (
	"context"
	"errors"
	"net/netip"
)

// TEMPORARY bodies, replaced by the loop: only so that what imports engine compiles.

type state struct{}

var errTemp = errors.New("not here yet")

func (s *state) add(*Source, AddOptions) error              { return errTemp }
func (s *state) preview(*Source) error                      { return errTemp }
func (s *state) discard(ID) error                           { return errTemp }
func (s *state) pause(ID) error                             { return errTemp }
func (s *state) resume(ID) error                            { return errTemp }
func (s *state) remove(ID, bool) error                      { return errTemp }
func (s *state) recheck(ID) error                           { return errTemp }
func (s *state) setPriority(ID, []int, Priority) error      { return errTemp }
func (s *state) addPeers(ID, []netip.AddrPort) error        { return errTemp }
func (s *state) announceNow(ID) error                       { return errTemp }
func (s *state) magnet(ID) (string, error)                  { return "", errTemp }
func (s *state) watch(ID) error                             { return errTemp }
func (s *state) setSettings(Settings) error                 { return errTemp }
func (e *Engine) removal(context.Context, ID) ([]string, error) { return nil, errTemp }

// Run owns all state until ctx ends, then stops everything in order, at most 5 s.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.stopped)
	defer close(e.updates)
	<-ctx.Done()
	return nil
}

// Open reads what the user names: the path of a .torrent file (or a file:// URL), a magnet link, an info hash (40
// hexadecimal or 32 base32 characters), or an http(s) URL of a .torrent. It
// reads disk or network and may block until ctx ends. With loopback, URLs of
// other hosts are refused. Errors are one sentence for the user.
func Open(ctx context.Context, arg string, loopback bool) (*Source, error) { return nil, errTemp }

// Verify hashes the data of src below dir and returns how many pieces are not
// there or wrong. report, if not nil, is called for every piece, in any order,
// from one goroutine at a time.
func Verify(ctx context.Context, src *Source, dir string, report func(piece int, ok bool)) (bad int, err error) {
	return 0, errTemp
}

// FreeSpace returns the bytes that the user can still write below dir, or below
// the nearest folder above it that exists. It asks the file system.
func FreeSpace(dir string) (int64, error) { return 0, errTemp }
