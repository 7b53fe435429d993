package view

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// checkShown fails for each field of T that can get another value without
// show's text changing for any of the bases. hidden has the reasons of those
// that are meant to be so.
func checkShown[T any](t *testing.T, bases []T, show func(*T) string, hidden map[string]string) {
	t.Helper()
	kind := reflect.TypeFor[T]()
	for i := range kind.NumField() {
		name, seen := kind.Field(i).Name, false
		if !kind.Field(i).IsExported() {
			continue
		}
		for _, base := range bases {
			before := show(&base)
			other(reflect.ValueOf(&base).Elem().Field(i))
			seen = seen || show(&base) != before
		}
		if _, ok := hidden[name]; !seen && !ok {
			t.Errorf("%s.%s is not shown anywhere", kind, name)
		} else if seen && ok {
			t.Errorf("%s.%s is shown, but stands among the exceptions", kind, name)
		}
	}
}

// other gives v another value.
func other(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Duration:
		v.SetInt(v.Int() + int64(time.Hour))
		return
	case engine.Settings:
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("198.51.100.7")))
		return
	case engine.Reach:
		v.Set(reflect.ValueOf(engine.Reach{State: engine.ReachOpen}))
		return
	case engine.FilterState:
		v.Set(reflect.ValueOf(engine.FilterState{On: true}))
		return
	case engine.Hosting:
		v.Set(reflect.ValueOf(engine.Hosting{On: true}))
		return
	case engine.Options:
		v.Set(reflect.ValueOf(engine.Options{Sequential: true}))
		return
	case engine.Limits:
		v.Set(reflect.ValueOf(engine.Limits{Down: 5_000, Up: engine.Unlimited}))
		return
	case engine.Way:
		v.Set(reflect.ValueOf(engine.Way{Bound: "wg0"}))
		return
	case engine.Turtle:
		v.Set(reflect.ValueOf(engine.Turtle{On: true}))
		return
	case engine.DHTStatus:
		v.Set(reflect.ValueOf(engine.DHTStatus{On: true}))
		return
	case time.Time:
		v.Set(reflect.ValueOf(noon.Add(90 * time.Minute)))
		return
	case netip.AddrPort:
		v.Set(reflect.ValueOf(netip.MustParseAddrPort("127.0.0.9:9")))
		return
	case engine.Bits:
		v.Set(reflect.ValueOf(engine.FullBits(8)))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "other")
	case reflect.Uint8:
		v.SetUint((v.Uint() + 1) % 3)
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 37_000)
	case reflect.Array:
		v.Index(0).SetUint(0x61)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		switch v.Type().Elem().Kind() {
		case reflect.Slice:
			v.Index(0).Set(reflect.ValueOf([]string{"other"}))
		case reflect.String:
			v.Index(0).SetString("other")
		}
	case reflect.Pointer:
		v.SetZero()
	default:
		panic(fmt.Sprintf("no other value for %s", v.Type()))
	}
}

func torrentText(t *engine.Torrent) string {
	r := &Row{Torrent: t, Title: title(t)}
	var b strings.Builder
	for _, c := range Columns() {
		fmt.Fprintln(&b, r.Text(c))
	}
	fmt.Fprintln(&b, Facts(t, noon))
	return b.String()
}

func TestEveryFieldOfATorrentIsShown(t *testing.T) {
	meta, pieces := &engine.Meta{Pieces: 100_000, PieceLength: 1}, engine.UniformPieces(100_000, engine.Missing)
	bases := []engine.Torrent{
		{State: engine.Checking, Meta: meta, Pieces: pieces, Wanted: 100_000, TrackerErr: "it is gone"},
		{State: engine.Downloading, Meta: meta, Pieces: pieces, Wanted: 100_000, Have: 20_000, Peers: 1},
		{State: engine.Faulted, Meta: meta, Pieces: pieces},
		{State: engine.Metadata, Fetch: &engine.Fetch{Of: 3}},
		{State: engine.Seeding, Meta: meta, Pieces: pieces, Move: &engine.Move{}},
	}
	for i := range bases {
		bases[i].Options = engine.DefaultOptions()
	}
	checkShown(t, bases, torrentText, map[string]string{
		"Preview":  "previews are left out of the list, see TestPreviewsAreLeftOut",
		"InTheWay": "the details and the menu offer to continue, see TestContinueIsOffered",
		"Unseen":   "piecewise get waits for its end, see TestSessionLooks; what is found then is shown",
		"Waits":    "the sentence in Err says so, and get waits for it",
	})
}

func TestEveryFieldOfAMetainfoIsShown(t *testing.T) {
	show := func(m *engine.Meta) string { return fmt.Sprint(metaFacts(m)) }
	checkShown(t, []engine.Meta{{}}, show, map[string]string{
		"HashV1": "the torrent's ID, which is shown, but for a hybrid that was added by its v2 hash",
		"Name":   "the torrent's, which is shown",
	})
}

func TestEveryFieldOfAMoveIsShown(t *testing.T) {
	show := func(m *engine.Move) string { return fmt.Sprint(Moving(m), moveFacts(m)) }
	checkShown(t, []engine.Move{{State: engine.MoveRunning, Total: 100_000, Left: -1}}, show, nil)
}

func TestEveryFieldOfAPeerIsShown(t *testing.T) {
	show := func(p *engine.Peer) string {
		var b strings.Builder
		for _, c := range PeerColumns() {
			fmt.Fprintln(&b, c.Text(p))
		}
		return b.String()
	}
	checkShown(t, []engine.Peer{{Have: engine.MakeBits(8)}, {URL: "http://a/", Err: "it is busy"}}, show, nil)
}

func TestEveryFieldOfATrackerIsShown(t *testing.T) {
	show := func(tr *engine.Tracker) string {
		var b strings.Builder
		for _, c := range TrackerColumns() {
			fmt.Fprintln(&b, c.Text(tr, noon))
		}
		return b.String()
	}
	checkShown(t, []engine.Tracker{{}}, show, nil)
}

func TestEveryFieldOfTheDHTIsShown(t *testing.T) {
	show := func(s *engine.DHTStatus) string { return dht(*s) + nodes(*s) }
	checkShown(t, []engine.DHTStatus{{On: true, Answered: noon}}, show, nil)
}

func TestEveryTotalIsShown(t *testing.T) {
	show := func(s *engine.Snapshot) string { return fmt.Sprint(Total(s, len(s.Torrents))) }
	checkShown(t, []engine.Snapshot{{Port: 1}}, show, map[string]string{
		"Time":     "the moment of the snapshot itself",
		"Detail":   "the tabs of the selected torrent show its parts",
		"Settings": "the settings and the add dialog show them, see TestEverySettingIsShown",
		"Bans":     "the torrent's log tells of them",
		"Hosting":  "the settings and the share dialog show it, see TestHosting",
		"Filter":   "the settings show it, see TestEveryFieldOfTheFilterIsShown",
	})
}

func TestEveryFieldOfTheReachIsShown(t *testing.T) {
	show := func(r *engine.Reach) string { h := Port(&engine.Snapshot{Port: 1, Reach: *r}); return h.Text + h.Hint }
	a := netip.MustParseAddr("203.0.113.9")
	checkShown(t, []engine.Reach{{}, {State: engine.ReachOpen}, {Address: a, Address6: a}}, show, nil)
}

func TestEveryFieldOfTheFilterIsShown(t *testing.T) {
	show := func(f *engine.FilterState) string { return Filter(*f) }
	checkShown(t, []engine.FilterState{{On: true}, {On: true, Bad: 1}}, show, nil)
}

func TestEveryOptionIsShown(t *testing.T) {
	show := func(o *engine.Options) string { return fmt.Sprint(optionFacts(&engine.Torrent{Options: *o})) }
	checkShown(t, []engine.Options{engine.DefaultOptions()}, show, nil)
}

func TestEveryFieldOfTheTurtleIsShown(t *testing.T) {
	show := func(tt *engine.Turtle) string { return fmt.Sprint(Limits(&engine.Snapshot{Turtle: *tt, Time: noon})) }
	checkShown(t, []engine.Turtle{{On: true}}, show, nil)
}
