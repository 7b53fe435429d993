package announce

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The examples of BEP 48, and ours.
func TestScrapeURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://example.com/announce":            "http://example.com/scrape",
		"http://example.com/x/announce":          "http://example.com/x/scrape",
		"http://example.com/announce.php":        "http://example.com/scrape.php",
		"http://example.com/a":                   "",
		"http://example.com/announce?x2%0644":    "http://example.com/scrape?x2%0644",
		"http://example.com/announce?x=2/4":      "http://example.com/scrape?x=2/4",
		"http://example.com/x%064announce":       "",
		"http://example.com/":                    "",
		"http://example.com":                     "",
		"http://example.com/s%2Fecret/announce":  "http://example.com/s%2Fecret/scrape",
		"http://example.com/announce/":           "",
		"https://example.com/announce/announcer": "https://example.com/announce/scraper",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := scrapeURL(*u)
		if text := got.String(); text != want || (err == nil) != (want != "") || scrapes(in) != (want != "") {
			t.Errorf("%s gives %q %v, want %q", in, text, err, want)
		}
	}
	if !scrapes("udp://a:1") || scrapes("://") {
		t.Error("udp trackers can always be scraped")
	}
}

func TestHTTPScrape(t *testing.T) {
	ids := [][20]byte{oddID, {2}}
	files := fmt.Sprintf("d5:filesd20:%sd8:completei3e10:downloadedi5e10:incompletei4ee20:%sdeee", oddID[:], strings.Repeat("x", 20))
	for name, test := range map[string]struct{ body, want string }{
		"good":    {files, "3 4 5 false"},
		"nothing": {"d5:filesdee", "0 0 0 false"},
		"refused": {"d14:failure reason2:noe", "no"},
		"wrong":   {"d5:filesi1ee", "has no files"},
		"html":    {"<html>", "not one of a tracker"},
		"huge":    {"d5:filesd" + strings.Repeat("x", maxBody), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			var uri string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				uri = r.RequestURI
				fmt.Fprint(w, test.body)
			}))
			defer server.Close()
			found, err := testNetwork(t, nil).scrape(t.Context(), server.URL+"/k%2Fey/announce?a=1", ids)
			_, second := found[ids[1]]
			c := found[oddID]
			got := fmt.Sprint(c.seeds, " ", c.leeches, " ", c.downloads, " ", second)
			if err != nil {
				got = explain(err)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
			if !strings.HasPrefix(uri, "/k%2Fey/scrape?a=1&info_hash=%00%20%2B%25%26%3D%2F%3F%FF%C3%A4aZ9-._~%23%3B&info_hash=%02%00") {
				t.Error("request:", uri)
			}
		})
	}
}

func TestScrapeTriesTheOtherFamily(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	share, done := sharing(ctx, 2)
	if _, limited := share.Deadline(); limited {
		t.Error("a limit out of nothing")
	}
	done()
	cancel()
}

func checkCounts(t *testing.T, found map[[20]byte]counts, ids [][20]byte) {
	if len(found) > len(ids) {
		t.Error("more than was asked for")
	}
	for _, c := range found {
		if c.seeds < -1 || c.leeches < -1 || c.downloads < -1 || c.seeds > 1<<31 {
			t.Errorf("%+v", c)
		}
	}
}

func FuzzScrape(f *testing.F) {
	id := string(oddID[:])
	f.Add([]byte("d5:filesd20:" + id + "d8:completei3e10:downloadedi5e10:incompletei4eeee"))
	f.Add([]byte("d14:failure reason4:no\xff!8:retry in5:nevere"))
	f.Add([]byte("d5:filesd20:" + id + "d8:completei-3e10:downloaded1:xeee"))
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := parseScrape(body, [][20]byte{oddID})
		checkCounts(t, found, [][20]byte{oddID})
		checkReply(t, reply{counts: noCounts}, err)
	})
}

func FuzzScrapePacket(f *testing.F) {
	f.Add(words(3, 4, 5, 6, 7, 8))
	f.Add(words(1<<31, 1<<32-1, 0))
	f.Fuzz(func(t *testing.T, body []byte) {
		ids := [][20]byte{{1}, {2}}
		found, err := parseScrapePacket(body, ids)
		checkCounts(t, found, ids)
		if (err == nil) != (len(found) == 2) {
			t.Error(found, err)
		}
	})
}
