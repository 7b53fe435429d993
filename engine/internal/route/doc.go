// Package route is the only way out of this machine: every connection to a peer, a
// tracker, a web seed, a name server or the router is made here, and every UDP socket.
// A Route holds them all to one Policy, which may change at any time.
//
// # What holds where
//
//   - Loopback: only 127.0.0.0/8 and ::1, whatever else is set.
//   - An interface or address: sockets are bound to the interface where the system
//     allows it (Linux from 5.7 on, macOS, Windows), else to its addresses. Multicast
//     leaves by it, and names are asked over it. While it is gone, down, or without the
//     address, everything is closed and whatever is tried fails with a ClosedError.
//   - A proxy: what is to use it never goes past it. Names are not resolved here. UDP
//     goes through an association with a SOCKS5 proxy, or not at all. The local network
//     is left alone, and nobody can connect to us, unless the policy says so.
//   - Addresses (rules.go): trackers, web seeds and links lead neither to this machine
//     and its links nor to what is no host; into a local network only if the URL
//     says so from the start, and for a tracker only if its path is that of one. A host
//     is resolved first, each address is checked, and then dialled as a number: there
//     is no second look-up that could tell something else. Redirects are checked like
//     that again, and none leads from outside into a local network. Of what a proxy
//     resolves only the name can be checked.
//
// # What a change does
//
// SetPolicy, and Run when the interface goes or comes, first closes the way: from then
// on nothing is sent. What is open is closed without a word to the other end, attempts
// to connect and look-ups end, and that is waited for. Then the new way is open: when
// SetPolicy returns, no packet leaves by the old one, but for what the kernel still has
// to say of connections that were closed before. A Listener and a Packets outlive that: they are made anew by whoever reads
// from them. Everybody else sees an error and tries again.
//
// # Who may wait
//
// DialPeer, Dial, Targets, Resolve and what an HTTP client does wait for the network,
// at most 20 s for one address, and for no lock meanwhile. Accept and ReadFrom wait
// until there is something, or Close. All else returns at once; SetPolicy closes
// sockets and cancels dials, which takes no longer than the system needs. Notify's functions are called on the
// goroutine that makes the change.
//
// # Goroutines
//
// Run watches the interfaces. An association with a proxy has one that ends with it. A
// dial of several addresses has one for each, which end before it returns.
//
// # Locks
//
// Route.turn, socket.mu and Route.mu are taken in this order, no two of one kind; functions given to Notify
// are called under turn only.
package route
