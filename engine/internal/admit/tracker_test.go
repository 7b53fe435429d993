package admit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTrackers(t *testing.T) {
	long := "http://a/" + strings.Repeat("x", maxTrackerURL)
	for _, c := range []struct {
		url, want, why string
	}{
		{"http://tracker.example/announce", "http://tracker.example/announce", ""},
		{" https://tracker.example/announce\r\n", "https://tracker.example/announce", ""},
		{"HTTP://Tracker.Example:8080/Announce?Key=A%20b", "http://tracker.example:8080/Announce?Key=A%20b", ""},
		{"udp://tracker.example:80", "udp://tracker.example:80", ""},
		{"udp://[2001:DB8::1]:80/announce", "udp://[2001:db8::1]:80/announce", ""},
		{"http://127.0.0.1:6969/announce#top", "http://127.0.0.1:6969/announce", ""},
		{"http://a.example./x", "http://a.example./x", ""},
		{"http://a_b.example/ü", "http://a_b.example/%C3%BC", ""},
		{"", "", ""},
		{" \n", "", ""},
		{"http://user@a.example/", "", "a user name in it"},
		{"http://user:secret@a.example/", "", "a user name in it"},
		{"http://@a.example/", "", "a user name in it"},
		{"wss://a.example/", "", "only http, https and udp"},
		{"dht://a.example", "", "only http, https and udp"},
		{"file:///etc/passwd", "", "only http, https and udp"},
		{"a.example/announce", "", "only http, https and udp"},
		{"http://a.example/a b", "", "blanks"},
		{"http://a.example/\u00a0x", "", "blanks"},
		{"http://a.example/\u202e", "", "blanks"},
		{"http://a.example/\x00", "", "blanks"},
		{"http://a.example/\xff", "", "blanks"},
		{"http://a.example/x\r\nHost: b", "", "blanks"},
		{"http://", "", "no valid host"},
		{"http:///x", "", "no valid host"},
		{"http:a.example", "", "no valid host"},
		{"http://a..example/", "", "no valid host"},
		{"http://ä.example/", "http://xn--4ca.example/", ""},
		{"http://a$(x).example/", "", "no valid host"},
		{"http://" + strings.Repeat("a", 64) + ".example/", "", "no valid host"},
		{"http://[fe80::1%25eth0]:80/", "", "no valid host"},
		{"http://[::1/", "", "not a valid address"},
		{"http://a.example:0/", "", "port is not valid"},
		{"http://a.example:65536/", "", "port is not valid"},
		{"http://a.example:/", "", "no port"},
		{"udp://a.example/", "", "no port"},
		{"http://a.example:x/", "", "not a valid address"},
		{"http://%41.example/", "", "not a valid address"},
		{"http://a.example/%zz", "", "not a valid address"},
		{long, "", "too long"},
	} {
		kept, dropped := Trackers([][]string{{c.url}})
		var want [][]string
		if c.want != "" {
			want = [][]string{{c.want}}
		}
		if fmt.Sprint(kept) != fmt.Sprint(want) {
			t.Errorf("%.60q gives %q, not %q", c.url, kept, want)
		}
		switch {
		case c.why == "" && len(dropped) > 0:
			t.Errorf("%.60q: dropped %q", c.url, dropped)
		case c.why != "" && len(dropped) != 1:
			t.Errorf("%.60q: dropped %q", c.url, dropped)
		case c.why != "":
			checkSentence(t, Error(dropped[0]), c.why)
		}
	}
}

func TestTrackerTiers(t *testing.T) {
	kept, dropped := Trackers([][]string{
		{"http://a/", "HTTP://A/", "", "http://b/"},
		{"http://b/", "foo:bar"},
		nil,
		{"http://c/", "http://a/"},
	})
	if want := "[[http://a/ http://b/] [http://c/]]"; fmt.Sprint(kept) != want || len(dropped) != 1 {
		t.Errorf("kept %v, dropped %q", kept, dropped)
	}
}

func TestTrackerCounts(t *testing.T) {
	var tier []string
	for i := range 1000 {
		tier = append(tier, fmt.Sprintf("http://t%d.example/", i))
	}
	kept, dropped := Trackers([][]string{tier, {"http://t0.example/"}})
	if len(kept) != 1 || !slices.Equal(kept[0], tier[:maxTrackers]) {
		t.Errorf("kept %d tiers of %d", len(kept), len(kept[0]))
	}
	if len(dropped) != maxDropped+1 || dropped[maxDropped] != "Another 750 trackers were left out." {
		t.Errorf("dropped %d, at last %q", len(dropped), dropped[len(dropped)-1])
	}
}
