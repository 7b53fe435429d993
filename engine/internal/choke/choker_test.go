package choke

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// at is so many seconds after the epoch.
func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// bench is a choker with peers that a test can change.
type bench struct {
	t       testing.TB
	choker  *Choker[string]
	round   Round[string]
	slots   map[string]bool // as the decisions say
	last    Decision[string]
	gives   map[string]int64 // bytes/s while not nil
	now     float64
	history []string // who had the optimistic slot
}

func newBench(t testing.TB, config Config, slots int, names ...string) *bench {
	config.Rand = rand.New(rand.NewPCG(7, 7))
	b := &bench{t: t, choker: New[string](config), slots: map[string]bool{}, gives: map[string]int64{}}
	b.round.Slots = slots
	for _, name := range names {
		b.join(name)
	}
	return b
}

// join adds an interested peer that connected long ago.
func (b *bench) join(name string) *Peer[string] {
	b.round.Peers = append(b.round.Peers, Peer[string]{Key: name, Connected: at(b.now - 600), Interested: true})
	return b.peer(name)
}

func (b *bench) peer(name string) *Peer[string] {
	i := slices.IndexFunc(b.round.Peers, func(p Peer[string]) bool { return p.Key == name })
	return &b.round.Peers[i]
}

// tick asks for a decision, applies it and checks what always holds.
func (b *bench) tick() {
	b.t.Helper()
	b.last = b.choker.Tick(at(b.now), b.round)
	for _, name := range b.last.Choke {
		if !b.slots[name] {
			b.t.Errorf("%v s: chokes %s, which is choked", b.now, name)
		}
		delete(b.slots, name)
	}
	for _, name := range b.last.Unchoke {
		if b.slots[name] {
			b.t.Errorf("%v s: unchokes %s, which is unchoked", b.now, name)
		}
		b.slots[name] = true
	}
	if len(b.slots) > b.round.Slots {
		b.t.Errorf("%v s: %d peers unchoked with %d slots", b.now, len(b.slots), b.round.Slots)
	}
	if b.last.HasOptimistic && !b.slots[b.last.Optimistic] {
		b.t.Errorf("%v s: the optimistic peer is choked", b.now)
	}
	if b.last.HasOptimistic && (len(b.history) == 0 || b.history[len(b.history)-1] != b.last.Optimistic) {
		b.history = append(b.history, b.last.Optimistic)
	}
}

// run ticks every second until the time, in seconds, while the peers give.
func (b *bench) run(until float64) {
	b.t.Helper()
	for b.now < until {
		b.tick()
		b.now++
		for i := range b.round.Peers {
			p := &b.round.Peers[i]
			p.Received += b.gives[p.Key]
			if b.round.Seeding && b.slots[p.Key] {
				p.Sent += b.gives[p.Key]
			}
		}
	}
}

// want checks who is unchoked.
func (b *bench) want(names ...string) {
	b.t.Helper()
	if got := slices.Sorted(maps.Keys(b.slots)); !slices.Equal(got, names) {
		b.t.Errorf("%v s: unchoked are %v, want %v", b.now, got, names)
	}
}

// regular removes the optimistic peer from the slots it returns.
func (b *bench) regular() []string {
	names := slices.Sorted(maps.Keys(b.slots))
	return slices.DeleteFunc(names, func(n string) bool { return b.last.HasOptimistic && n == b.last.Optimistic })
}

func TestLeechFavoursGivers(t *testing.T) {
	b := newBench(t, Config{}, 4, "a", "b", "c", "d", "e", "f", "g", "h")
	b.gives = map[string]int64{"b": 3e6, "d": 2e6, "f": 1e6, "h": 1e5}
	b.run(12)
	for b.now < 120 {
		b.tick()
		if got := b.regular(); !slices.Equal(got, []string{"b", "d", "f"}) {
			t.Fatalf("%v s: regular slots of %v", b.now, got)
		}
		b.run(b.now + 1)
	}
	if len(b.history) < 4 {
		t.Errorf("optimistic slots of %v", b.history)
	}
	b.gives = map[string]int64{"a": 9e6, "b": 3e6, "d": 2e6, "f": 1e6}
	b.run(132)
	if got := b.regular(); !slices.Equal(got, []string{"a", "b", "d"}) {
		t.Errorf("after a change: regular slots of %v", got)
	}
}

func TestScoreForgets(t *testing.T) {
	b := newBench(t, Config{}, 2, "a", "b", "c")
	b.gives = map[string]int64{"a": 5e6}
	b.run(30)
	b.gives = map[string]int64{"b": 1e4}
	b.run(60) // the last of a's bytes came 30 s ago
	if got := b.regular(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("regular slot of %v", got)
	}
}

func TestSnubbed(t *testing.T) {
	b := newBench(t, Config{}, 2, "a", "b", "c")
	b.gives = map[string]int64{"a": 5e6, "b": 1e5}
	b.run(11)
	if got := b.regular(); !slices.Equal(got, []string{"a"}) {
		t.Fatalf("regular slot of %v", got)
	}
	b.peer("a").Waiting = at(-50) // 61 s ago
	b.run(21)
	if got := b.regular(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("regular slot of %v, though a is snubbed", got)
	}
	b.run(200)
	if !slices.Contains(b.history, "a") {
		t.Errorf("the snubbed peer had no optimistic slot: %v", b.history)
	}
	b.peer("a").Waiting = time.Time{}
	b.run(212)
	if got := b.regular(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("regular slot of %v, though a gives again", got)
	}
}

func TestSnubTime(t *testing.T) {
	for waiting, want := range map[float64]bool{40.5: false, 40: true, -1000: true} {
		p := Peer[string]{Waiting: at(waiting)}
		if got := p.Snubbed(at(100)); got != want {
			t.Errorf("waiting for %v s: snubbed %v", 100-waiting, got)
		}
	}
	if p := (Peer[string]{}); p.Snubbed(at(100)) {
		t.Error("snubbed though it owes us nothing")
	}
}

func TestGrace(t *testing.T) {
	b := newBench(t, Config{}, 2, "a", "b", "c")
	b.gives = map[string]int64{"a": 5e6}
	b.run(31)
	b.peer("a").Interested = false
	b.tick()
	b.now += 2.5
	b.tick()
	if !b.slots["a"] {
		t.Error("the slot was taken within 3 s")
	}
	b.peer("a").Interested = true
	b.now += 1
	b.tick()
	if !b.slots["a"] {
		t.Error("the slot was taken though the peer came back")
	}
	b.peer("a").Interested = false
	b.tick()
	b.now += 3
	b.tick()
	if b.slots["a"] {
		t.Error("the slot was kept for 3 s")
	}
	if len(b.slots) != 2 {
		t.Errorf("the free slot was not given away at once: %v", b.slots)
	}
}

func TestSwap(t *testing.T) {
	for _, c := range []struct {
		name          string
		holder, comer int64
		want          bool
	}{
		{"a better one", 1e5, 5e5, true},
		{"not clearly better", 2e5, 5e5, false},
		{"next to nothing", 0, 100, false},
		{"against nothing", 0, 5e5, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Config{}, 2, "holder", "other", "comer")
			b.peer("comer").Interested = false
			b.gives = map[string]int64{"holder": c.holder + 1, "comer": c.comer}
			b.run(24)
			if got := b.regular(); !slices.Equal(got, []string{"holder"}) {
				t.Fatalf("regular slot of %v", got)
			}
			b.peer("comer").Interested = true
			b.tick()
			if got := b.slots["comer"]; got != c.want {
				t.Errorf("swapped: %v", got)
			}
			if !b.slots["other"] {
				t.Error("the optimistic slot was taken")
			}
		})
	}
}

// Of two who become interested in the same tick, each clearly better than the one
// before, the first has the slot for no time: nobody hears of it, and it has waited
// all along.
func TestSwapTwice(t *testing.T) {
	b := newBench(t, Config{}, 2, "holder", "other", "better", "best")
	b.gives = map[string]int64{"holder": 1e5, "better": 5e5, "best": 3e6}
	for _, name := range []string{"better", "best"} {
		b.peer(name).Interested = false
	}
	b.run(24)
	since := at(3)
	b.choker.states["better"].since = since
	for _, name := range []string{"better", "best"} {
		b.peer(name).Interested = true
	}
	b.tick()
	b.want("best", "other")
	if !slices.Equal(b.last.Choke, []string{"holder"}) || !slices.Equal(b.last.Unchoke, []string{"best"}) {
		t.Errorf("chokes %v, unchokes %v", b.last.Choke, b.last.Unchoke)
	}
	if got := b.choker.states["better"].since; !got.Equal(since) {
		t.Errorf("it waits since %v, not %v", got, since)
	}
}

func TestFreeSlotsAtOnce(t *testing.T) {
	b := newBench(t, Config{}, 3)
	b.tick()
	b.now = 1.5
	b.join("a")
	b.tick()
	b.want("a")
	b.now = 2
	b.round.Peers = nil
	b.tick()
	delete(b.slots, "a")
	b.join("b").Interested = false
	b.tick()
	b.want()
	b.peer("b").Interested = true
	b.tick()
	b.want("b")
}

func TestOptimistic(t *testing.T) {
	b := newBench(t, Config{}, 2, "giver", "a", "b", "c")
	b.gives = map[string]int64{"giver": 1e6}
	b.run(11)
	b.history = nil
	b.run(11 + 4*30)
	if len(b.history) < 4 {
		t.Errorf("in two minutes only %v", b.history)
	}
	if w := b.choker.Weight("giver"); w != 1 {
		t.Errorf("a regular peer weighs %v", w)
	}
	if w := b.choker.Weight(b.last.Optimistic); w != 1.0/3 {
		t.Errorf("the optimistic peer weighs %v", w)
	}
}

func TestWeightOption(t *testing.T) {
	for option, want := range map[float64]float64{0: 1.0 / 3, 0.1: 0.25, 0.5: 0.5, 1: 1} {
		b := newBench(t, Config{OptimisticWeight: option}, 1, "a")
		b.tick()
		if w := b.choker.Weight("a"); w != want {
			t.Errorf("option %v: weighs %v, want %v", option, w, want)
		}
	}
}

// TestNewcomers counts optimistic turns of peers with and without pieces, beside
// one that has the regular slot.
func TestNewcomers(t *testing.T) {
	b := newBench(t, Config{}, 2, "giver")
	b.gives = map[string]int64{"giver": 1e6}
	for i := range 10 {
		b.join(fmt.Sprint("old", i))
		b.join(fmt.Sprint("new", i)).Empty = true
	}
	b.run(20)
	turns := map[byte]int{}
	for range 3000 {
		b.run(b.now + 30)
		turns[b.last.Optimistic[0]]++
	}
	ratio := float64(turns['n']) / float64(turns['o'])
	t.Logf("newcomers had %.2f times as many turns", ratio)
	if ratio < 2 || ratio > 3.3 {
		t.Errorf("newcomers had %.2f times as many turns", ratio)
	}
}

func TestChance(t *testing.T) {
	c := New[string](Config{})
	for _, test := range []struct {
		peer Peer[string]
		want int
	}{
		{Peer[string]{Connected: at(40)}, 1},
		{Peer[string]{Connected: at(41)}, 3},
		{Peer[string]{Connected: at(-600), Empty: true}, 3},
	} {
		if got := c.chance(&state[string]{peer: test.peer}, at(100)); got != test.want {
			t.Errorf("%+v: %v, want %v", test.peer, got, test.want)
		}
	}
}

func TestSeedTakesTurns(t *testing.T) {
	b := newBench(t, Config{}, 2, "a", "b", "c", "d", "e", "f")
	b.round.Seeding = true
	turns := map[string]float64{}
	for b.now < 240 {
		before := maps.Clone(b.slots)
		b.tick()
		for name := range before {
			if !b.slots[name] && b.now-turns[name] < 20 {
				t.Errorf("%v s: %s had its slot for %v s", b.now, name, b.now-turns[name])
			}
		}
		for _, name := range b.last.Unchoke {
			turns[name] = b.now
		}
		if b.last.HasOptimistic {
			t.Fatal("an optimistic slot where all have turns")
		}
		b.now++
	}
	for _, p := range b.round.Peers {
		if turns[p.Key] < 240-60 {
			t.Errorf("%s had its last turn at %v s", p.Key, turns[p.Key])
		}
	}
}

func TestSeedFastest(t *testing.T) {
	b := newBench(t, Config{Fastest: true}, 3, "a", "b", "c", "d", "e", "f")
	b.round.Seeding = true
	b.gives = map[string]int64{"a": 1e5, "b": 9e6, "c": 1e5, "d": 8e6, "e": 1e5, "f": 1e5}
	b.run(400)
	if got := b.regular(); !slices.Equal(got, []string{"b", "d"}) {
		t.Errorf("regular slots of %v", got)
	}
	if len(b.history) < 5 {
		t.Errorf("optimistic slots of %v", b.history)
	}
}

func TestCompletionAtOnce(t *testing.T) {
	b := newBench(t, Config{}, 3, "a", "b", "c", "d", "e")
	b.gives = map[string]int64{"a": 5e6, "b": 4e6}
	b.run(33)
	b.round.Seeding = true
	b.tick()
	if b.last.HasOptimistic || b.slots["a"] && b.slots["b"] && len(b.slots) < 3 {
		t.Errorf("still as a leech: %v", b.slots)
	}
	if w := b.choker.Weight("a"); w != 1 {
		t.Errorf("weighs %v", w)
	}
	if len(b.slots) != 3 {
		t.Errorf("unchoked: %v", b.slots)
	}
}

func TestSlotsChange(t *testing.T) {
	for _, seeding := range []bool{false, true} {
		b := newBench(t, Config{}, 5, "a", "b", "c", "d", "e", "f", "g")
		b.round.Seeding = seeding
		b.run(5)
		for _, slots := range []int{2, 6, 1, 0, 4, 9} {
			b.round.Slots = slots
			b.tick()
			if want := min(slots, 7); len(b.slots) != want {
				t.Errorf("seeding %v, %d slots: unchoked %v", seeding, slots, b.slots)
			}
			b.now++
		}
	}
}

func TestEveryoneFits(t *testing.T) {
	b := newBench(t, Config{}, 8, "a", "b", "c")
	b.round.Seeding = true
	b.run(100)
	b.want("a", "b", "c")
}

// TestConfigure changes the rules of a seed while it runs.
func TestConfigure(t *testing.T) {
	b := newBench(t, Config{OptimisticWeight: 1}, 3, "a", "b", "c", "d", "e", "f")
	b.round.Seeding = true
	b.gives = map[string]int64{"b": 9e6, "d": 8e6}
	b.run(65)
	if b.last.HasOptimistic {
		t.Fatal("an optimistic slot where all have turns")
	}
	b.choker.Configure(Config{Fastest: true})
	b.tick()
	if !b.last.HasOptimistic || len(b.slots) != 3 {
		t.Errorf("not at once: optimistic %v, unchoked %v", b.last.HasOptimistic, b.slots)
	}
	if w := b.choker.Weight(b.last.Optimistic); w != 1.0/3 {
		t.Errorf("the optimistic peer weighs %v", w)
	}
	b.run(300)
	if got := b.regular(); !slices.Equal(got, []string{"b", "d"}) {
		t.Errorf("regular slots of %v", got)
	}
	b.choker.Configure(Config{})
	b.tick()
	if b.last.HasOptimistic || len(b.slots) != 3 {
		t.Errorf("not back at once: optimistic %v, unchoked %v", b.last.HasOptimistic, b.slots)
	}
}
