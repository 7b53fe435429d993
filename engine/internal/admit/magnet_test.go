package admit

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const (
	hash   = "0123456789abcdef0123456789abcdef01234567"
	hash32 = "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"
	hashV2 = "1220caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e"
)

func TestMagnet(t *testing.T) {
	plain := "magnet:?xt=urn:btih:" + hash
	for link, want := range map[string]string{
		plain:                   plain,
		hash:                    plain,
		strings.ToUpper(hash):   plain,
		hash32:                  plain,
		strings.ToLower(hash32): plain,
		" \n" + plain + "\t":    plain,
		"MAGNET:?XT=URN:BTIH:" + strings.ToUpper(hash):                          plain,
		"magnet:?xt=urn:btih:" + hash32:                                         plain,
		"magnet:xt=urn:btih:" + hash:                                            plain,
		"magnet:?xt=urn%3Abtih%3A" + hash:                                       plain,
		"magnet:?xt.1=urn:btih:" + hash:                                         plain,
		plain + "&xt=urn:btih:" + hash:                                          plain,
		plain + "&xt=urn:btmh:" + hashV2:                                        plain,
		"magnet:?xt=urn:btmh:" + hashV2 + "&xt=urn:btih:" + hash:                plain,
		"magnet:?xt=urn:ed2k:x&xt=&xt=urn&xt=urn:btih:" + hash:                  plain,
		"magnet:?dn=a+b%20c%26d&xt=urn:btih:" + hash:                            plain + "&dn=a%20b%20c%26d",
		plain + "&dn=a;b&dn=c":                                                  plain + "&dn=a%3Bb",
		plain + "&dn=%00%e2%80%ae%ff%0a":                                        plain + "&dn=%EF%BF%BD",
		plain + "&dn=%zz&=&&&x&so=0-2&ws=http://a/":                             plain,
		plain + "&tr=udp%3A%2F%2Fa%3A1&tr.2=HTTP://b/&tr=http://b/":             plain + "&tr=udp%3A%2F%2Fa%3A1&tr=http%3A%2F%2Fb%2F",
		plain + "&tr=http://u:p@a/&tr=foo&tr=":                                  plain,
		plain + "&x.pe=127.0.0.1:5&x.pe=[::1]:6&x.pe=127.0.0.1:5":               plain + "&x.pe=127.0.0.1%3A5&x.pe=%5B%3A%3A1%5D%3A6",
		plain + "&X.PE=[::ffff:1.2.3.4]:7":                                      plain + "&x.pe=1.2.3.4%3A7",
		plain + "&x.pe=a:5&x.pe=1.2.3.4:0&x.pe=0.0.0.0:1&x.pe=1.2.3":            plain,
		plain + "&x.pe=224.0.0.1:1&x.pe=[fe80::1%25e]:1&x.pe=255.255.255.255:1": plain,
	} {
		l, err := Magnet(link)
		if err != nil {
			t.Errorf("%s: %v", link, err)
		} else if got := l.String(); got != want || hex.EncodeToString(l.ID[:]) != hash {
			t.Errorf("%s\n gives %s,\n not   %s", link, got, want)
		}
	}
}

func TestMagnetRefused(t *testing.T) {
	for link, part := range map[string]string{
		"":                                    "neither a magnet link nor an info hash",
		"hello":                               "neither a magnet link nor an info hash",
		"http://a.example/":                   "neither a magnet link nor an info hash",
		hash[1:]:                              "neither a magnet link nor an info hash",
		"g" + hash[1:]:                        "neither a magnet link nor an info hash",
		"1" + hash32[1:]:                      "neither a magnet link nor an info hash",
		hash32[:31] + "=":                     "neither a magnet link nor an info hash",
		hash32[:26] + "======":                "neither a magnet link nor an info hash",
		"magnet:":                             "no info hash",
		"magnet:?dn=a":                        "no info hash",
		"magnet:?xt=urn:sha1:" + hash32:       "no info hash",
		"magnet:?xt=urn:btih:" + hash[2:]:     "info hash is not valid",
		"magnet:?xt=urn:btih:\x00" + hash:     "info hash is not valid",
		"magnet:?xt=urn:btmh:" + hashV2:       "v2 torrent",
		strings.Repeat("0", 40):               "all zeros",
		"magnet:?" + strings.Repeat("&", 1e5): "too long",
		"magnet:?xt=urn:btih:" + hash + "&xt=urn:btih:" + hash[1:] + "0": "more than one info hash",
	} {
		_, err := Magnet(link)
		checkSentence(t, err, part)
	}
}

func TestMagnetTiersAndDropped(t *testing.T) {
	l, err := Magnet("magnet:?xt=urn:btih:" + hash + "&tr=http://a/&tr=ftp://b/&tr=http://c/")
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(l.Trackers) != "[[http://a/] [http://c/]]" || len(l.Dropped) != 1 {
		t.Errorf("trackers %v, dropped %q", l.Trackers, l.Dropped)
	}
}

// TestLongLink gives a link more than fits: it must still be one that Magnet takes.
func TestLongLink(t *testing.T) {
	l := &Link{ID: [20]byte{1}, Name: strings.Repeat("ü", 100)}
	for i := range maxTrackers {
		l.Trackers = append(l.Trackers, []string{fmt.Sprintf("http://a/%d/%s", i, strings.Repeat("&", 1000))})
	}
	again, err := Magnet(l.String())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(again.Trackers); n == 0 || n == maxTrackers || again.Name != l.Name {
		t.Errorf("%d trackers are left", n)
	}
	if _, err := url.Parse(l.String()); err != nil {
		t.Error(err)
	}
}
