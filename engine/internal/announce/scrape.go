package announce

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/anacrolix/torrent/tracker/udp"
)

// maxScrape is how many info hashes are asked for at once. BEP 15 has 74 in a packet;
// fewer keep URLs below four thousand bytes and suit trackers that take 64.
const maxScrape = 50

var errNoScrape = errors.New("the tracker's address has no place for scrapes")

// scrapeURL makes the address of scrapes from that of announces (BEP 48): the last part
// of the path begins with "announce", for which "scrape" is put.
func scrapeURL(u url.URL) (url.URL, error) {
	path := u.EscapedPath()
	at := strings.LastIndexByte(path, '/') + 1
	rest, ok := strings.CutPrefix(path[at:], "announce")
	if !ok || at == 0 {
		return url.URL{}, errNoScrape
	}
	path = path[:at] + "scrape" + rest
	clear, err := url.PathUnescape(path)
	if err != nil {
		return url.URL{}, errNoScrape
	}
	u.Path, u.RawPath = clear, path
	return u, nil
}

// scrapes reports whether a tracker can be scraped.
func scrapes(tracker string) bool {
	u, err := url.Parse(tracker)
	if err != nil || u.Scheme == "udp" {
		return err == nil
	}
	_, err = scrapeURL(*u)
	return err == nil
}

// scrapeHTTP scrapes over HTTP (BEP 48).
func (n *network) scrapeHTTP(ctx context.Context, d door, u *url.URL, ids [][20]byte) (map[[20]byte]counts, error) {
	to, err := scrapeURL(*u)
	if err != nil {
		return nil, err
	}
	var query bytes.Buffer
	query.WriteString(u.RawQuery)
	for _, id := range ids {
		if query.Len() > 0 {
			query.WriteByte('&')
		}
		query.WriteString("info_hash=")
		escape(&query, id[:])
	}
	to.RawQuery = query.String()
	body, status, err := n.get(ctx, d, to)
	if err != nil {
		return nil, err
	}
	found, err := parseScrape(body, ids)
	if status != http.StatusOK && !refused(err) {
		return nil, &statusError{status}
	}
	return found, err
}

// parseScrape reads the body of an HTTP scrape. Swarms that were not asked for are
// passed over.
func parseScrape(body []byte, ids [][20]byte) (map[[20]byte]counts, error) {
	d, err := parseDict(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errReply, err)
	}
	if reason, ok := d["failure reason"].(string); ok {
		return nil, &refusedError{clean(reason), retryIn(d["retry in"])}
	}
	files, ok := d["files"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: it has no files", errReply)
	}
	found := make(map[[20]byte]counts, len(ids))
	for _, id := range ids {
		if swarm, ok := files[string(id[:])].(map[string]any); ok {
			found[id] = countsOf(swarm)
		}
	}
	return found, nil
}

// scrapeUDP scrapes over UDP (BEP 15).
func (n *network) scrapeUDP(ctx context.Context, d door, _ *url.URL, ids [][20]byte) (map[[20]byte]counts, error) {
	body := make([]byte, 0, 20*len(ids))
	for _, id := range ids {
		body = append(body, id[:]...)
	}
	answer, err := n.exchange(ctx, d, udp.ActionScrape, body)
	if err != nil {
		return nil, err
	}
	return parseScrapePacket(answer, ids)
}

// parseScrapePacket reads the body of a scrape response: seeds, downloads and leeches of
// each swarm in the order in which they were asked for. One that ends early is wrong.
func parseScrapePacket(b []byte, ids [][20]byte) (map[[20]byte]counts, error) {
	const size = 12
	if len(b) < size*len(ids) {
		return nil, errPacket
	}
	found := make(map[[20]byte]counts, len(ids))
	for i, id := range ids {
		at := func(n int) int { return count(int64(int32(binary.BigEndian.Uint32(b[size*i+4*n:])))) }
		found[id] = counts{seeds: at(0), downloads: at(1), leeches: at(2)}
	}
	return found, nil
}
