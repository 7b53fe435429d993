package portmap

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/huin/goupnp"
	"github.com/huin/goupnp/dcps/internetgateway2"
	"github.com/huin/goupnp/soap"

	"piecewise/engine/internal/route"
)

const (
	maxDescription = 256 << 10 // bytes of any answer
	callMax        = 5 * time.Second
	description    = "Piecewise"
)

// igd asks by UPnP's Internet Gateway Device protocol, versions 1 and 2.
type igd struct {
	m      *Mapper
	client *http.Client
	at     time.Time // when devices were looked for last
	found  []*goupnp.RootDevice
	err    error
}

func (*igd) name() string { return "UPnP" }

// connection is what maps ports: WANIPConnection in two versions, WANPPPConnection.
type connection interface {
	AddPortMappingCtx(ctx context.Context, remote string, external uint16, protocol string, internal uint16, client string, enabled bool, text string, lease uint32) error
	DeletePortMappingCtx(ctx context.Context, remote string, external uint16, protocol string) error
	GetExternalIPAddressCtx(ctx context.Context) (string, error)
	GetSpecificPortMappingEntryCtx(ctx context.Context, remote string, external uint16, protocol string) (internal uint16, client string, enabled bool, text string, lease uint32, err error)
}

// devices finds gateway devices, at most once in a while.
func (d *igd) devices(ctx context.Context) ([]*goupnp.RootDevice, error) {
	if time.Since(d.at) < 30*time.Second && d.at.After(time.Time{}) {
		return d.found, d.err
	}
	if d.client == nil {
		d.client = d.m.httpClient()
	}
	d.client.CloseIdleConnections()
	d.found = nil
	all, err := d.m.search(ctx)
	for _, u := range all {
		root, why := d.describe(ctx, u)
		if why != nil {
			err = why
			continue
		}
		d.found = append(d.found, root)
	}
	if len(d.found) > 0 {
		err = nil
	}
	d.at, d.err = time.Now(), err
	return d.found, err
}

// describe fetches what a device is.
func (d *igd) describe(ctx context.Context, u *url.URL) (*goupnp.RootDevice, error) {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("read the router's description: %w", err)
	}
	r, err := d.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the router's description: %w", err)
	}
	defer r.Body.Close()
	root := &goupnp.RootDevice{}
	dec := xml.NewDecoder(r.Body)
	dec.DefaultSpace = goupnp.DeviceXMLNamespace
	if err := dec.Decode(root); err != nil {
		return nil, &refusal{"the router's description cannot be read"}
	}
	root.SetURLBase(u) // whatever it says itself
	return root, nil
}

// connections are the services of a device that map ports, the newest version first.
// None leads elsewhere than the description did.
func (d *igd) connections(root *goupnp.RootDevice) (all []connection) {
	u := root.URLBase
	if two, err := internetgateway2.NewWANIPConnection2ClientsFromRootDevice(root, &u); err == nil {
		for _, c := range two {
			all = d.add(all, c, &c.ServiceClient)
		}
	}
	if one, err := internetgateway2.NewWANIPConnection1ClientsFromRootDevice(root, &u); err == nil {
		for _, c := range one {
			all = d.add(all, c, &c.ServiceClient)
		}
	}
	if ppp, err := internetgateway2.NewWANPPPConnection1ClientsFromRootDevice(root, &u); err == nil {
		for _, c := range ppp {
			all = d.add(all, c, &c.ServiceClient)
		}
	}
	return all
}

const maxServices = 4 // of one device that are asked

func (d *igd) add(all []connection, c connection, s *goupnp.ServiceClient) []connection {
	if !d.safe(s) || len(all) == maxServices {
		return all
	}
	return append(all, c)
}

// safe has a service asked in our way, if it is on the host of its description.
func (d *igd) safe(s *goupnp.ServiceClient) bool {
	ip, err := netip.ParseAddr(s.Location.Hostname())
	if err != nil || !leadsTo(&s.SOAPClient.EndpointURL, ip) {
		return false
	}
	s.SOAPClient.HTTPClient = *d.client
	return true
}

// token is the igd's part of a lease.
type upnpToken struct{ service connection }

func (d *igd) ask(ctx context.Context, at place, port uint16, before *lease) (*lease, error) {
	if before != nil {
		if t, ok := before.token.(upnpToken); ok {
			if l, err := d.mapBoth(ctx, t.service, before.place, port, before.tcp); err == nil {
				return l, nil
			}
		}
	}
	roots, err := d.devices(ctx)
	if err != nil {
		return nil, err
	}
	err = &refusal{"the router's description has no service that maps ports"}
	for _, root := range roots {
		here, why := d.here(ctx, at, root)
		if why != nil {
			err = why
			continue
		}
		for _, c := range d.connections(root) {
			l, why := d.mapBoth(ctx, c, here, port, port)
			if why == nil {
				return l, nil
			}
			err = why
		}
	}
	return nil, err
}

// here is the place that mappings of a device are for: as the system tells it, or else
// the device is the router.
func (d *igd) here(ctx context.Context, at place, root *goupnp.RootDevice) (place, error) {
	if at.told() {
		return at, nil
	}
	ip, err := netip.ParseAddr(root.URLBase.Hostname())
	if err != nil {
		return place{}, fmt.Errorf("reach the router: %w", err)
	}
	return d.m.towards(ctx, ip.Unmap())
}

// mapBoth maps TCP and UDP to one external port, if possible the wished one.
func (d *igd) mapBoth(ctx context.Context, c connection, at place, port, wish uint16) (*lease, error) {
	var err error
	for range 4 {
		l := &lease{place: at, port: port, tcp: wish, udp: wish, token: upnpToken{c}}
		if l.life, err = mapOne(ctx, c, at, port, wish, "TCP"); err == nil {
			if _, why := mapOne(ctx, c, at, port, wish, "UDP"); why != nil {
				l.udp = 0 // peers get in over TCP all the same
			}
			if text, why := external(ctx, c); why == nil {
				l.external, _ = netip.ParseAddr(text)
			}
			return l, nil
		}
		if !isFault(err, 718) { // ConflictInMappingEntry
			break
		}
		wish = uint16(49152 + rand.IntN(1<<14))
	}
	return nil, faultWords(err)
}

// mapOne maps one port and looks whether the router did so.
func mapOne(ctx context.Context, c connection, at place, port, external uint16, protocol string) (time.Duration, error) {
	life := leaseWanted
	err := call(ctx, func(ctx context.Context) error {
		return c.AddPortMappingCtx(ctx, "", external, protocol, port, at.local.String(), true, description, uint32(life/time.Second))
	})
	if isFault(err, 725) { // OnlyPermanentLeasesSupported
		life = 0
		err = call(ctx, func(ctx context.Context) error {
			return c.AddPortMappingCtx(ctx, "", external, protocol, port, at.local.String(), true, description, 0)
		})
	}
	if err != nil {
		return 0, err
	}
	return life, entry(ctx, c, at, port, external, protocol)
}

// entry returns an error if the router says that a port leads elsewhere. Many cannot
// say where it leads.
func entry(ctx context.Context, c connection, at place, port, external uint16, protocol string) error {
	return call(ctx, func(ctx context.Context) error {
		internal, client, enabled, _, _, err := c.GetSpecificPortMappingEntryCtx(ctx, "", external, protocol)
		switch {
		case isFault(err, 714): // NoSuchEntryInArray
			return errForgot
		case err == nil && (internal != port || client != at.local.String() || !enabled):
			return &refusal{"the router says that it maps the port, and then that it does not"}
		}
		return nil
	})
}

func external(ctx context.Context, c connection) (text string, err error) {
	err = call(ctx, func(ctx context.Context) error {
		text, err = c.GetExternalIPAddressCtx(ctx)
		return err
	})
	return text, err
}

// call bounds one question.
func call(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	return f(ctx)
}

func (d *igd) alive(ctx context.Context, l *lease) error {
	t, ok := l.token.(upnpToken)
	if !ok {
		return errForgot
	}
	if err := entry(ctx, t.service, l.place, l.port, l.tcp, "TCP"); err != nil {
		return err
	}
	text, err := external(ctx, t.service)
	if err != nil {
		return err // it does not answer any more
	}
	l.external, _ = netip.ParseAddr(text)
	return nil
}

func (d *igd) drop(ctx context.Context, l *lease) {
	t, ok := l.token.(upnpToken)
	if !ok {
		return
	}
	for protocol, port := range map[string]uint16{"TCP": l.tcp, "UDP": l.udp} {
		if port != 0 {
			_ = t.service.DeletePortMappingCtx(ctx, "", port, protocol) // it ends by itself, too, if the router allowed a lease
		}
	}
	d.client.CloseIdleConnections()
}

func isFault(err error, code int) bool {
	var f *soap.SOAPFaultError
	return errors.As(err, &f) && f.Detail.UPnPError.Errorcode == code
}

// faultWords says what a UPnP error means.
func faultWords(err error) error {
	var f *soap.SOAPFaultError
	if !errors.As(err, &f) {
		return err
	}
	switch code := f.Detail.UPnPError.Errorcode; code {
	case 606:
		return &refusal{"the router does not allow this machine to map ports"}
	case 718:
		return &refusal{"the router has given the port to another machine"}
	case 728:
		return &refusal{"the router has no room for another mapping"}
	default:
		return &refusal{fmt.Sprintf("the router refuses UPnP with code %d", code)}
	}
}

// httpClient asks the router, and reads little of what it answers.
func (m *Mapper) httpClient() *http.Client {
	t := m.cfg.Route.Transport(route.Router)
	t.ResponseHeaderTimeout = callMax
	t.MaxIdleConnsPerHost = 1
	return &http.Client{
		Transport:     brief{t},
		Timeout:       callMax,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// brief ends answers that are too long.
type brief struct{ *route.Transport }

func (b brief) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := b.Transport.RoundTrip(req)
	if err == nil {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(r.Body, maxDescription), r.Body}
	}
	return r, err
}

// CloseIdleConnections is asked for by http.Client.
func (b brief) CloseIdleConnections() { b.Transport.CloseIdleConnections() }
