package announce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const maxBody = 1 << 20 // bytes, unpacked

var errBody = errors.New("the tracker's answer is too long")

// announceHTTP announces over HTTP (BEP 3, 7, 23).
func (n *network) announceHTTP(ctx context.Context, d door, u *url.URL, r request) (reply, error) {
	to := *u
	to.RawQuery = n.query(u.RawQuery, r)
	body, status, err := n.get(ctx, d, to)
	if err != nil {
		return reply{}, err
	}
	rep, err := parseReply(body)
	if status != http.StatusOK && !refused(err) {
		return reply{}, &statusError{status}
	}
	return rep, err
}

// get fetches an address through a door, its body and HTTP status.
func (n *network) get(ctx context.Context, d door, u url.URL) ([]byte, int, error) {
	u.Fragment, u.RawFragment = "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("make announce request: %w", err)
	}
	req.Header.Set("User-Agent", n.cfg.UserAgent)
	resp, err := n.clients[d.family].Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, 0, err
	case len(body) > maxBody:
		return nil, 0, errBody
	}
	return body, resp.StatusCode, nil
}

// statusError is an HTTP answer without a tracker's reply in it.
type statusError struct{ code int }

func (e *statusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the tracker answers HTTP %d %s", e.code, http.StatusText(e.code)))
}

// query appends the announce to the query of the tracker's own address, which
// stays as it is: it may hold a passkey and need not be well-formed.
func (n *network) query(own string, r request) string {
	var b bytes.Buffer
	if own != "" {
		b.WriteString(own)
		b.WriteByte('&')
	}
	b.WriteString("info_hash=")
	escape(&b, r.id[:])
	b.WriteString("&peer_id=")
	escape(&b, n.cfg.PeerID[:])
	fmt.Fprintf(&b, "&port=%d&uploaded=%d&downloaded=%d&left=%d", n.cfg.Port(), r.stats.Uploaded, r.stats.Downloaded, r.left())
	fmt.Fprintf(&b, "&compact=1&no_peer_id=1&numwant=%d&key=%08X", r.want(), n.cfg.Key)
	if r.event != regular {
		fmt.Fprintf(&b, "&event=%s", r.event)
	}
	if r.trackerID != "" {
		b.WriteString("&trackerid=")
		escape(&b, []byte(r.trackerID))
	}
	return b.String()
}

// escape writes raw bytes for a query: anything but RFC 3986's unreserved ones as
// %XX, so that no server reads them as UTF-8 or a plus sign as a blank.
func escape(b *bytes.Buffer, raw []byte) {
	for _, c := range raw {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(b, "%%%02X", c)
		}
	}
}
