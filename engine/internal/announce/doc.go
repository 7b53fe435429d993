// Package announce tells trackers that we take part in a swarm and learns peers
// from them, over HTTP (BEP 3, 7, 21, 23, 24, 31, 48) and UDP (BEP 15, 41).
//
// # Who owns what
//
// Run is one goroutine that owns all state: torrents, tiers, queues, timers. The
// methods of Announcer send it a function and return once it has run, which takes
// no network; after Run has begun to end they do nothing. Before Run they block.
//
// Run starts one goroutine for each request that is on its way, at most 100 and at
// most 6 to one host (300 and 100 while Run ends). A request is made over IPv4 and
// IPv6 at the same time, each on a goroutine that it awaits, and in each for one info
// hash of a hybrid after the other. It ends with its answers, 5 s after the first of
// them, after 45 s, or when its torrent stops; Run awaits all of them before it returns.
//
// Torrent.Stats and Torrent.Changed are called on Run's goroutine, Torrent.Peers
// on a goroutine of the request, for each answer as it comes. They must return at once
// and must not call the Announcer. Peers is not called for an answer that arrives after
// Stop.
//
// Every connection and every look-up of a name goes by Config.Route. When that changes,
// all trackers are announced to as soon as they allow it.
//
// # Which tracker is asked
//
// All tiers of a torrent are announced to at the same time, since that finds most
// peers; with OneTier a tier is asked only while all before it fail (BEP 12).
// Within a tier one tracker is asked: in an order drawn at Start until one answers, and
// that one moves to the front (BEP 12). A tier that fails is tried again after 3 s the
// first time, for the tracker that is just starting, then after 15 s, 30 s and so on
// up to 30 min, each ±20 %, and not before the time of BEP 31's "retry in". A host
// that has left three requests in a row without an answer is not asked for 30 s:
// what waits for it fails at once and goes on to the next tracker of its tier.
//
// # Which events are sent
//
// `started` is the first announce to each tracker after Start, repeated until it
// is answered. `completed` follows once Completed was called, if the torrent was
// not complete at Start, and is repeated until one tracker of the tier answers.
// A torrent of which nothing more is wanted says `paused` in place of no event, over
// HTTP (BEP 21). `stopped` goes once to each tracker that has or may have seen
// `started`, after any `completed` that is still due: when the torrent stops, or the
// tracker is removed from it. A `started` after a quick Stop and Start waits for that
// `stopped`, so that they arrive in order.
//
// # Intervals
//
// A tracker's interval counts within 1 min and 24 h, and 30 min if it tells none.
// With Config.Loopback the lower end is 1 s: nobody else's machine is asked.
// Force asks at once, but a tracker that has answered not again before its min
// interval, or a minute if it tells none, has passed since its last answer.
//
// # Scrapes
//
// Torrents that are observed only are scraped: 10 s after they came, then every 30 min,
// up to 50 info hashes at once, one request at a time to each tracker with 2 s between
// them. A tracker that refuses several at once is asked for one at a time. Look scrapes
// what a torrent's trackers have not told in the last 5 min.
package announce
