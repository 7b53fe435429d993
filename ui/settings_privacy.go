package ui

import (
	"errors"
	"slices"

	"piecewise/engine"
)

var proxyKinds = []struct {
	words string
	kind  engine.ProxyKind
}{
	{"none", engine.NoProxy},
	{"SOCKS5", engine.ProxySOCKS5},
	{"HTTP (CONNECT)", engine.ProxyHTTP},
}

// privacy asks on which way we leave this machine, and what we tell of ourselves.
func (p *settingsPage) privacy() {
	v := &p.v.Privacy
	p.heading("Network interface")
	names, words := ways(v.Bind)
	p.row("Connect over", p.choose(words, slices.Index(names, v.Bind), func(i int) { v.Bind = names[i] }))
	p.note("Everything goes over this interface, or comes from this address: peers, trackers, look-ups of names and whatever else. " +
		"While it is gone nothing leaves this computer, and all goes on by itself when it is back.")
	p.proxy(&v.Proxy)
	p.heading("Anonymity")
	p.body.Add(p.tick("Tell nobody which program this is, from the next start on", v.Anonymous, func(on bool) { v.Anonymous = on }))
	p.note("Peers and trackers hear neither name nor version, and peers no port and no address. It costs something: trackers that know their programs " +
		"may refuse us, fewer peers find us, and none in the local network. Your address is seen by whomever you connect to all the same: " +
		"only a proxy or a tunnel hides it.")
}

func (p *settingsPage) proxy(x *engine.Proxy) {
	p.heading("Proxy")
	words, at := make([]string, len(proxyKinds)), 0
	for i, k := range proxyKinds {
		words[i] = k.words
		if k.kind == x.Kind {
			at = i
		}
	}
	fresh := *x == engine.Proxy{}
	var uses []*check
	kind := p.choose(words, at, func(i int) {
		x.Kind = proxyKinds[i].kind
		if fresh && x.Kind != engine.NoProxy {
			fresh = false
			for _, c := range uses {
				c.SetChecked(true)
			}
		}
	})
	text := func(label, empty string, s *string) *field {
		return p.ask(label, *s, empty, func(text string) error { *s = text; return nil })
	}
	p.row("Proxy", kind, p.ask("Address of the proxy", x.Address, "host:port", func(text string) error {
		x.Address = text
		if err := x.Check(); err != nil {
			return errors.New("write host:port, such as 10.0.0.1:1080")
		}
		return nil
	}))
	password := text("Password", "password", &x.Password)
	password.Password = true
	p.row("User name, password", text("User name", "none", &x.User), password)
	uses = []*check{
		p.tick("Peers", x.Peers, func(on bool) { x.Peers = on }),
		p.tick("Trackers", x.Trackers, func(on bool) { x.Trackers = on }),
		p.tick("Web seeds, links", x.WebSeeds, func(on bool) { x.WebSeeds = on }),
	}
	p.row("Used for", uses[0], uses[1], uses[2])
	p.body.Add(p.tick("Peers may connect to us past the proxy", x.Listen, func(on bool) { x.Listen = on }))
	p.note("What uses the proxy never goes past it, also while it fails, and names are looked up by it. µTP, the DHT and UDP trackers use a SOCKS5 proxy " +
		"that carries UDP; otherwise they rest. While peers use it, nobody in the local network is looked for and the router is not asked for a port. " +
		"The password is kept in the profile as it is.")
}

// ways are what can be bound to, with words for each: any, the interfaces, their
// addresses, and what is set now.
func ways(now string) (names, words []string) {
	names, words = []string{""}, []string{"any interface"}
	for _, w := range engine.WaysOut() {
		names, words = append(names, w.Name), append(words, w.Words)
	}
	if !slices.Contains(names, now) {
		names, words = append(names, now), append(words, now+" (not there now)")
	}
	return names, words
}
