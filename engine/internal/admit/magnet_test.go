package admit

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const (
	digits   = "0123456789abcdef0123456789abcdef01234567"
	digits32 = "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"
	digitsV2 = "1220caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e"
)

func TestMagnet(t *testing.T) {
	plain := "magnet:?xt=urn:btih:" + digits
	for link, want := range map[string]string{
		plain:                     plain,
		digits:                    plain,
		strings.ToUpper(digits):   plain,
		digits32:                  plain,
		strings.ToLower(digits32): plain,
		" \n" + plain + "\t":      plain,
		"MAGNET:?XT=URN:BTIH:" + strings.ToUpper(digits):                        plain,
		"magnet:?xt=urn:btih:" + digits32:                                       plain,
		"magnet:xt=urn:btih:" + digits:                                          plain,
		"magnet:?xt=urn%3Abtih%3A" + digits:                                     plain,
		"magnet:?xt.1=urn:btih:" + digits:                                       plain,
		plain + "&xt=urn:btih:" + digits:                                        plain,
		plain + "&xt=urn:btmh:" + digitsV2:                                      plain + "&xt=urn:btmh:" + digitsV2,
		"magnet:?xt=urn:btmh:" + digitsV2 + "&xt=urn:btih:" + digits:            plain + "&xt=urn:btmh:" + digitsV2,
		"magnet:?xt=urn:ed2k:x&xt=&xt=urn&xt=urn:btih:" + digits:                plain,
		"magnet:?dn=a+b%20c%26d&xt=urn:btih:" + digits:                          plain + "&dn=a%20b%20c%26d",
		plain + "&dn=a;b&dn=c":                                                  plain + "&dn=a%3Bb",
		plain + "&dn=%00%e2%80%ae%ff%0a":                                        plain + "&dn=%EF%BF%BD",
		plain + "&dn=%zz&=&&&x&so=0-2":                                          plain + "&so=0-2",
		plain + "&so=7,0,2-4,3-5,6,99999999999,a,5-4,-1":                        plain + "&so=0%2C2-7",
		plain + "&xs=HTTP://A/t&xs=urn:btih:x&xs=http://u@a/&xs=http://a/t":     plain + "&xs=http%3A%2F%2Fa%2Ft",
		plain + "&ws=HTTP://A/%3Fb&ws.2=http://a/?b&ws=ftp://a/&ws=http://u@a/": plain + "&ws=http%3A%2F%2Fa%2F%3Fb",
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
		} else if got := l.String(); got != want || hex.EncodeToString(l.ID[:]) != digits {
			t.Errorf("%s\n gives %s,\n not   %s", link, got, want)
		}
	}
}

const plainV2 = "magnet:?xt=urn:btmh:" + digitsV2

func TestMagnetV2(t *testing.T) {
	for _, link := range []string{plainV2, digitsV2[4:], strings.ToUpper(digitsV2[4:]), plainV2 + "&xt=urn:btmh:" + digitsV2, plainV2 + "&dn="} {
		l, err := Magnet(link)
		if err != nil {
			t.Errorf("%s: %v", link, err)
		} else if l.String() != plainV2 || hex.EncodeToString(l.HashV2[:]) != digitsV2[4:] || hex.EncodeToString(l.ID[:]) != digitsV2[4:44] || !l.V2Only() {
			t.Errorf("%s gives %s", link, l)
		}
	}
}

func TestMagnetRefused(t *testing.T) {
	for link, part := range map[string]string{
		"":                                    "neither a magnet link nor an info hash",
		"hello":                               "neither a magnet link nor an info hash",
		"http://a.example/":                   "neither a magnet link nor an info hash",
		digits[1:]:                            "neither a magnet link nor an info hash",
		"g" + digits[1:]:                      "neither a magnet link nor an info hash",
		"1" + digits32[1:]:                    "neither a magnet link nor an info hash",
		digits32[:31] + "=":                   "neither a magnet link nor an info hash",
		digits32[:26] + "======":              "neither a magnet link nor an info hash",
		"magnet:":                             "no info hash",
		"magnet:?dn=a":                        "no info hash",
		"magnet:?xt=urn:sha1:" + digits32:     "no info hash",
		"magnet:?xt=urn:btih:" + digits[2:]:   "info hash is not valid",
		"magnet:?xt=urn:btih:\x00" + digits:   "info hash is not valid",
		"magnet:?xt=urn:btmh:" + digitsV2[2:]: "v2 info hash is not valid",
		"magnet:?xt=urn:btmh:1114" + digits:   "v2 info hash is not valid",
		plainV2 + "0":                         "v2 info hash is not valid",
		plainV2 + "&xt=urn:btmh:" + digitsV2[:66] + "ff": "more than one v2 info hash",
		"g" + digitsV2[5:]:                    "neither a magnet link nor an info hash",
		strings.Repeat("0", 40):               "all zeros",
		"magnet:?" + strings.Repeat("&", 1e5): "too long",
		"magnet:?xt=urn:btih:" + digits + "&xt=urn:btih:" + digits[1:] + "0": "more than one info hash",
	} {
		_, err := Magnet(link)
		checkSentence(t, err, part)
	}
}

func TestMagnetTiersAndDropped(t *testing.T) {
	l, err := Magnet("magnet:?xt=urn:btih:" + digits + "&tr=http://a/&tr=ftp://b/&tr=http://c/")
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
