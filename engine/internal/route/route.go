package route

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Config is what a Route is made with.
type Config struct {
	Loopback bool         // connect to and listen on loopback addresses only
	From     netip.Addr   // the address that sockets come from while the policy names none; invalid or unspecified for any
	Policy   Policy       // until SetPolicy
	Logger   *slog.Logger // nil logs nothing
}

// Route is the way out of this machine. Its methods may be called from any goroutine.
// The package doc says which of them wait.
type Route struct {
	rules   rules
	from    netip.Addr
	log     *slog.Logger
	capable bool // sockets can be bound to an interface
	links   func() ([]link, error)
	bound   chan struct{} // closed once a policy has named an interface or an address
	once    sync.Once

	proxyErr atomic.Pointer[string] // why the proxy failed last; "" since it works
	turn     sync.Mutex             // one change of the way at a time
	now      atomic.Pointer[way]

	mu    sync.Mutex
	held  map[io.Closer]*way // what is open, and on which way
	heard map[int]func()     // who is told of changes
	next  int
}

// State is the way out as it is now.
type State struct {
	Bound  string // the interface or address that the policy binds to; "" for none
	Closed string // why nothing leaves, a sentence without its full stop; "" while the way is open
	Proxy  string // "SOCKS5 10.0.0.1:1080"; "" without one
	Failed string // why the proxy failed when it was last used; "" if it did not
}

// New returns a Route that holds to the policy from the first moment. That the
// interface has gone or is back is noticed while Run runs.
func New(cfg Config) *Route {
	r := &Route{
		rules: rules{cfg.Loopback}, from: cfg.From.Unmap(), log: cfg.Logger, capable: canBind(), links: interfaces,
		held: map[io.Closer]*way{}, heard: map[int]func(){}, bound: make(chan struct{}),
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.now.Store(&way{})
	first := r.find(cfg.Policy)
	r.open(first)
	return r
}

// Run notices when the interface or address that the policy names goes or comes, until
// ctx ends. It returns nil, and is called once.
func (r *Route) Run(ctx context.Context) error {
	select {
	case <-r.bound:
		watchLinks(ctx, r.refresh)
	case <-ctx.Done(): // there was nothing to watch
	}
	return nil
}

// Loopback reports whether only this machine may be contacted.
func (r *Route) Loopback() bool { return r.rules.loopback }

// Policy returns the policy that holds.
func (r *Route) Policy() Policy { return r.now.Load().policy }

// SetPolicy changes the way out. When it returns, everything that was open on another
// way is closed. It waits for no network.
func (r *Route) SetPolicy(p Policy) {
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.Policy() != p {
		r.proxyErr.Store(nil)
		r.change(r.find(p))
	}
}

// refresh looks at the interfaces again.
func (r *Route) refresh() {
	r.turn.Lock()
	defer r.turn.Unlock()
	if p := r.Policy(); p.bound() {
		r.change(r.find(p))
	}
}

// change closes what is open on the way of before, tells of it, and opens the new one.
// In between nothing leaves. The turn is held.
func (r *Route) change(to *way) {
	was := r.now.Load()
	if was.same(to) {
		to.ctx, to.end, to.resolver, to.starting = was.ctx, was.end, was.resolver, was.starting
		r.now.Store(to)
		if text(to.closed) != text(was.closed) || to.policy != was.policy {
			r.tell()
		}
		return
	}
	none := &way{policy: to.policy, closed: ErrChanged}
	r.now.Store(none)
	was.end()
	r.drop(none)
	was.starting.Wait() // their context has ended
	r.open(to)
	if to.closed != nil {
		r.log.Warn("nothing leaves this machine", "reason", to.closed)
	}
	r.tell()
}

// open makes a way the one that is used.
func (r *Route) open(w *way) {
	w.ctx, w.end = context.WithCancel(context.Background())
	w.starting = &sync.WaitGroup{}
	w.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return r.dialNameServer(ctx, w, network, address)
	}}
	r.now.Store(w)
}

// begin is called before a packet is sent without a socket that is held. Unless it
// fails, the next change of the way waits until done is called, which must be soon
// after the way's context has ended.
func (r *Route) begin(w *way) (done func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.closed != nil || !r.now.Load().same(w) {
		return nil, ErrChanged
	}
	w.starting.Add(1)
	return w.starting.Done, nil
}

// drop closes what is open and was not made on the given way or one like it.
func (r *Route) drop(keep *way) {
	r.mu.Lock()
	var over []io.Closer
	for c, w := range r.held {
		if !w.same(keep) {
			over = append(over, c)
			delete(r.held, c)
		}
	}
	r.mu.Unlock()
	for _, c := range over {
		shut(c)
	}
}

// shut closes what may send nothing more, not even that it is closed.
func shut(c io.Closer) {
	if tcp, ok := c.(*tcpConn); ok {
		_ = tcp.SetLinger(0) // or the kernel would go on sending
	}
	_ = c.Close() // nobody can do better
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// hold has c closed when its way is not allowed any more, which may be at once.
func (r *Route) hold(c io.Closer, w *way) error {
	r.mu.Lock()
	ok := r.now.Load().same(w)
	if ok {
		r.held[c] = w
	}
	r.mu.Unlock()
	if !ok {
		shut(c)
		return ErrChanged
	}
	return nil
}

func (r *Route) release(c io.Closer) {
	r.mu.Lock()
	delete(r.held, c)
	r.mu.Unlock()
}

// Notify has f called whenever the policy or the State changes, until stop is called.
// f must return at once and may not call SetPolicy.
func (r *Route) Notify(f func()) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.next
	r.next++
	r.heard[id] = f
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.heard, id)
	}
}

func (r *Route) tell() {
	r.mu.Lock()
	all := make([]func(), 0, len(r.heard))
	for _, f := range r.heard {
		all = append(all, f)
	}
	r.mu.Unlock()
	for _, f := range all {
		f()
	}
}

// State tells how it is now.
func (r *Route) State() State {
	w := r.now.Load()
	var s State
	if w.policy.bound() {
		s.Bound = w.policy.name()
	}
	s.Closed = text(w.closed)
	if x := w.policy.Proxy; x.Kind != NoProxy {
		s.Proxy = map[ProxyKind]string{SOCKS5: "SOCKS5 ", HTTPConnect: "HTTP "}[x.Kind] + x.Address
	}
	if why := r.proxyErr.Load(); why != nil {
		s.Failed = *why
	}
	return s
}

// Allowed returns why nothing may be sent for a purpose over "tcp" or "udp" at
// present, nil if it may.
func (r *Route) Allowed(to Purpose, network string) error {
	return r.now.Load().allows(to, network)
}

func (w *way) allows(to Purpose, network string) error {
	switch {
	case w.closed != nil:
		return w.closed
	case to == Router && !w.policy.Local():
		return &ClosedError{"the local network is not contacted while peers are reached through a proxy"}
	case network[0] == 'u' && !w.policy.UDP(to):
		return &ClosedError{"the proxy carries no UDP"}
	}
	return nil
}

// find makes the way of a policy.
func (r *Route) find(p Policy) *way {
	var links []link
	if p.bound() {
		r.once.Do(func() { close(r.bound) })
		var err error
		if links, err = r.links(); err != nil {
			return &way{policy: p, closed: err}
		}
	}
	w := find(p, links, r.now.Load(), r.capable)
	if from := r.from; !p.bound() && from.IsValid() && !from.IsUnspecified() {
		v := version(from)
		w.from[v].addr = from
		w.from[1-v].none = from != netip.AddrFrom4([4]byte{127, 0, 0, 1}) // which goes with ::1
	}
	return w
}
