package route

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Errors of redirects.
var (
	ErrRedirects = errors.New("it redirects too often")
	ErrScheme    = errors.New("it redirects to what is neither http nor https")
	ErrDowngrade = errors.New("it redirects from https to an insecure address")
)

const maxRedirects = 5

// Transport returns a transport for HTTP that goes this way, checks every URL, and
// every address that a connection is made to. The system's proxy settings are not
// asked. Its user closes its idle connections; those of another way are closed already.
func (r *Route) Transport(to Purpose) *Transport {
	return &Transport{
		route: r, purpose: to,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return r.Dial(ctx, network, addr, to)
			},
			TLSHandshakeTimeout:    15 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           32,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        15 * time.Second,
		},
	}
}

// Transport is an http.Transport, whose fields may be changed before it is used, but
// for how it dials.
type Transport struct {
	*http.Transport
	route   *Route
	purpose Purpose
}

// RoundTrip implements http.RoundTripper. The requests that led to this one by
// redirects are found through its Response, as http.Client sets it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var before []string
	for from := req.Response; from != nil && from.Request != nil && len(before) <= maxRedirects; from = from.Request.Response {
		before = append(before, from.Request.URL.Hostname())
	}
	if err := t.route.rules.link(t.purpose, req.URL, before); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as a RoundTripper must
		}
		return nil, err
	}
	return t.Transport.RoundTrip(req)
}

// HTTPClient returns a client with a Transport. It follows five redirects, none from
// https to http, and tells no host by which address it was reached, which may hold a
// passkey.
func (r *Route) HTTPClient(to Purpose) *http.Client {
	return &http.Client{Transport: r.Transport(to), CheckRedirect: CheckRedirect}
}

// CheckRedirect is that of HTTPClient.
func CheckRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return ErrRedirects
	case !isHTTP(req.URL):
		return ErrScheme
	case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http":
		return ErrDowngrade
	}
	req.Header.Del("Referer")
	return nil
}

func isHTTP(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }
