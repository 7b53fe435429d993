package admit

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxTrackers   = 200  // of a torrent: each is announced to, with a connection
	maxTrackerURL = 2048 // bytes, which is what web servers take
	maxDropped    = 50   // sentences on trackers that were left out
)

// Trackers lets through the URLs of trackers that can be announced to, in tiers
// (BEP 12): http, https and udp (BEP 15), with a host, without a user name, and
// each once. They are valid URLs in the form that net/url gives them, with a
// lower-case scheme and host. Tiers that stay empty are left out. Dropped has a
// sentence for each URL that was not let through, 50 at most and one for the
// rest; duplicates and empty ones are not named.
func Trackers(tiers [][]string) (kept [][]string, dropped []string) {
	seen := make(map[string]struct{})
	more := 0
	for _, tier := range tiers {
		var good []string
		for _, raw := range tier {
			clean, err := trackerURL(raw)
			if err == nil && len(seen) == maxTrackers && !has(seen, clean) {
				err = refuse("there are more than %d trackers", maxTrackers)
			}
			switch {
			case clean == "" && err == nil || has(seen, clean):
			case err == nil:
				seen[clean] = struct{}{}
				good = append(good, clean)
			case len(dropped) < maxDropped:
				dropped = append(dropped, fmt.Sprintf("The tracker %s was left out: %s.", quote(raw), err))
			default:
				more++
			}
		}
		if len(good) > 0 {
			kept = append(kept, good)
		}
	}
	if more > 0 {
		dropped = append(dropped, fmt.Sprintf("Another %d trackers were left out.", more))
	}
	return kept, dropped
}

// Tracker returns why Trackers would leave out a URL, as the end of a sentence.
func Tracker(raw string) error {
	clean, err := trackerURL(raw)
	if err == nil && clean == "" {
		err = refuse("it is empty")
	}
	return err
}

func has(set map[string]struct{}, key string) bool {
	_, ok := set[key]
	return ok
}

// trackerURL returns the URL as it is used, "" for none. The error is the end of
// a sentence.
func trackerURL(raw string) (string, error) {
	if len(raw) > maxTrackerURL {
		return "", refuse("it is too long")
	}
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", nil
	}
	if !utf8.ValidString(raw) || strings.ContainsFunc(raw, unprintable) {
		return "", refuse("it has blanks or characters that cannot be shown")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", refuse("it is not a valid address")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "udp":
		return "", refuse("only http, https and udp trackers are used")
	case u.User != nil:
		return "", refuse("it has a user name in it")
	}
	if u.Host, err = asciiHost(u); err != nil {
		return "", err
	}
	u.Fragment, u.RawFragment = "", ""
	if err := checkHost(u); err != nil {
		return "", err
	}
	clean := u.String()
	if again, err := url.Parse(clean); err != nil || again.String() != clean || len(clean) > maxTrackerURL {
		return "", refuse("it is not a valid address")
	}
	return clean, nil
}

func checkHost(u *url.URL) error {
	port := u.Port()
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case u.Opaque != "" || !isHost(u.Hostname()):
		return refuse("it has no valid host name")
	case port == "" && (u.Scheme == "udp" || strings.HasSuffix(u.Host, ":")):
		return refuse("it has no port")
	case port != "" && (err != nil || n == 0):
		return refuse("its port is not valid")
	}
	return nil
}

// asciiHost returns a URL's host and port in lower case. An international name gets its
// ASCII form (RFC 5891), in which it is asked for and shown: no letter looks like another.
func asciiHost(u *url.URL) (string, error) {
	host := u.Hostname()
	if !strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(u.Host), nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", refuse("it has no valid host name")
	}
	return strings.ToLower(ascii) + strings.TrimPrefix(u.Host, host), nil
}

func unprintable(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsGraphic(r)
}

// isHost reports whether a name is an IP address or can be one in the DNS
// (international names only in their ASCII form).
func isHost(name string) bool {
	if strings.Contains(name, ":") {
		addr, err := netip.ParseAddr(name)
		return err == nil && addr.Zone() == ""
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return true
}

func notInLabel(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}
