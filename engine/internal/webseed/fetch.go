package webseed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"piecewise/engine/internal/wire"
)

const (
	blockTime = 30 * time.Second // that a block may take
	silence   = 10 * time.Second // without a block, when all is taken back, is a failure
	maxSkip   = 4 << 20          // bytes of a file before what was asked for
	batch     = 8                // blocks that are delivered at once
	batchTime = 50 * time.Millisecond
)

// fetcher fetches one range after the other.
type fetcher struct {
	v      *visit
	to     Source
	buf    [batch * blockSize]byte
	blocks []wire.Segment // that are whole, in buf
	since  time.Time      // when the last were delivered
}

// fetch gets what a run asks for and delivers it, as it comes. It is no error if
// nothing of it is wanted any more.
func (f *fetcher) fetch(ctx context.Context, r *run, blocks []request) error {
	v := f.v
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	v.mu.Lock()
	r.cancel = func() { stop(nil) }
	v.mu.Unlock()
	if !v.wanted(r) {
		return nil
	}
	slow := time.AfterFunc(v.s.cfg.Within, func() { stop(errSlow) })
	defer slow.Stop()
	last := blocks[len(blocks)-1]
	t := v.s.cfg.Torrent
	body := &body{v: v, ctx: ctx, parts: t.parts(t.at(blocks[0]), t.at(last)+int64(last.length))}
	defer body.close()
	err := f.read(r, body, blocks, slow)
	switch {
	case err == nil || !v.wanted(r):
		return nil
	case context.Cause(ctx) == errSlow:
		return errSlow
	}
	return err
}

// read reads the blocks of a run, as many at a time as there are, and delivers them.
func (f *fetcher) read(r *run, from io.Reader, blocks []request, slow *time.Timer) error {
	f.blocks, f.since = f.blocks[:0], time.Now()
	filled, whole := 0, 0 // bytes of buf
	for len(blocks) > 0 {
		n, err := from.Read(f.buf[filled:min(len(f.buf), whole+lengths(blocks))])
		filled += n
		came := false
		for ; len(blocks) > 0 && whole+blocks[0].length <= filled; blocks = blocks[1:] {
			f.add(blocks[0], f.buf[whole:][:blocks[0].length])
			whole += blocks[0].length
			came = true
		}
		if len(f.blocks) > 0 && (err != nil || len(blocks) == 0 || len(f.blocks) >= batch || time.Since(f.since) >= batchTime) {
			slow.Stop() // the disk has its own time
			if err := f.v.deliver(r, f.blocks, f.to); err != nil {
				return err
			}
			filled = copy(f.buf[:], f.buf[whole:filled])
			whole, f.blocks, f.since = 0, f.blocks[:0], time.Now()
		}
		if err != nil && len(blocks) > 0 {
			return err
		}
		if came {
			slow.Reset(f.v.s.cfg.Within)
		}
	}
	return nil
}

// lengths is how many bytes the next blocks have, of which a batch is enough.
func lengths(blocks []request) (sum int) {
	for _, b := range blocks[:min(batch, len(blocks))] {
		sum += b.length
	}
	return sum
}

// add takes a block that is whole.
func (f *fetcher) add(b request, data []byte) {
	f.blocks = append(f.blocks, wire.Segment{
		Piece: b.piece, Begin: b.begin, Data: data, Block: wire.Range{Begin: b.begin, Length: b.length}, Last: true,
	})
}

// body reads bytes of the torrent, file after file.
type body struct {
	v     *visit
	ctx   context.Context
	parts []part
	now   io.ReadCloser // of parts[0]; nil before it was asked for
	left  int64         // of it
}

func (b *body) Read(p []byte) (int, error) {
	for b.left == 0 {
		b.close()
		if len(b.parts) == 0 {
			return 0, io.EOF
		}
		if err := b.open(b.parts[0]); err != nil {
			return 0, err
		}
		b.parts = b.parts[1:]
	}
	n, err := b.now.Read(p[:min(int64(len(p)), b.left)])
	if b.left -= int64(n); n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = errShort
	}
	return n, err
}

// close ends with a file. A connection is kept only if the end of its answer was seen.
func (b *body) close() {
	if b.now != nil {
		if b.left == 0 {
			_, _ = b.now.Read(make([]byte, 1)) // whatever it is
		}
		b.now.Close()
		b.now = nil
	}
}

func (b *body) open(p part) (err error) {
	b.left = p.to - p.from
	if b.v.s.cfg.Torrent.Files[p.file].Pad {
		b.now = io.NopCloser(zeros{})
		return nil
	}
	b.now, err = b.v.get(b.ctx, p)
	return err
}

// zeros is what a pad file has.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// get asks for bytes of a file. The body begins with them, and may go on behind them.
func (v *visit) get(ctx context.Context, p part) (io.ReadCloser, error) {
	if to := v.targets.of(p.file, time.Now()); to != nil {
		if body, err := v.ask(ctx, p, to); err == nil || ctx.Err() != nil {
			return body, err
		}
		v.targets.forget(p.file)
	}
	return v.ask(ctx, p, nil)
}

// ask asks the web seed for bytes of a file, or where it redirected us to.
func (v *visit) ask(ctx context.Context, p part, to *target) (io.ReadCloser, error) {
	cfg := &v.s.cfg
	if to == nil {
		to = &target{url: cfg.Torrent.url(cfg.URL, p.file)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask web seed: %w", err)
	}
	req.Response = to.by
	req.Header.Set("User-Agent", cfg.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", p.from, p.to-1))
	v.out.Add(headSize(len(req.URL.RequestURI())+len(req.URL.Host), req.Header))
	resp, err := cfg.Client.Do(req)
	if err != nil {
		return nil, err
	}
	v.in.Add(headSize(len(resp.Status), resp.Header))
	skip, err := judge(resp, p, cfg.Torrent.Files[p.file].Length, time.Now())
	if err == nil && skip > 0 {
		n, failed := io.CopyN(io.Discard, resp.Body, skip)
		v.in.Add(n)
		if err = failed; err == io.EOF {
			err = errShort
		}
	}
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	v.targets.learn(p.file, req, resp, time.Now())
	return resp.Body, nil
}

// judge checks an answer, and returns how many bytes of its body are before those that
// were asked for.
func judge(resp *http.Response, p part, length int64, now time.Time) (skip int64, err error) {
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") || resp.Uncompressed {
		return 0, errEncoded
	}
	switch n := resp.ContentLength; resp.StatusCode {
	case http.StatusPartialContent:
		from, to, total, ok := contentRange(resp.Header.Get("Content-Range"))
		switch {
		case ok && total >= 0 && total != length:
			return 0, otherLength(p.file)
		case !ok || from != p.from || to != p.to || n >= 0 && n != to-from:
			return 0, errRange
		}
		return 0, nil
	case http.StatusOK:
		switch {
		case n >= 0 && n != length:
			return 0, otherLength(p.file)
		case p.from > maxSkip:
			return 0, errWhole
		}
		return p.from, nil
	}
	return 0, refused(resp, p.file, now)
}

// contentRange reads the header of that name (RFC 9110, 14.4): the bytes from from up
// to to, of total, which is -1 if it is not told.
func contentRange(text string) (from, to, total int64, ok bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(text)), "bytes ")
	if !ok {
		return 0, 0, 0, false
	}
	span, all, ok := strings.Cut(rest, "/")
	a, b, dash := strings.Cut(span, "-")
	if !ok || !dash {
		return 0, 0, 0, false
	}
	from, err := strconv.ParseInt(strings.TrimSpace(a), 10, 64)
	last, err2 := strconv.ParseInt(strings.TrimSpace(b), 10, 64)
	total, err3 := strconv.ParseInt(strings.TrimSpace(all), 10, 64)
	if strings.TrimSpace(all) == "*" {
		total, err3 = -1, nil
	}
	if err != nil || err2 != nil || err3 != nil || from < 0 || last < from || last == 1<<63-1 {
		return 0, 0, 0, false
	}
	return from, last + 1, total, true
}

// headSize is about how many bytes the head of a request or an answer has.
func headSize(line int, h http.Header) int64 {
	n := line + len("GET  HTTP/1.1\r\nHost: \r\n\r\n")
	for key, values := range h {
		for _, value := range values {
			n += len(key) + len(value) + len(": \r\n")
		}
	}
	return int64(n)
}
