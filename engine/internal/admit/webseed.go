package admit

import (
	"fmt"
	"strings"
)

const maxWebSeeds = 32 // of a torrent: each is asked over connections of its own

// WebSeeds lets through the URLs of web seeds (BEP 19) that can be used: http and https,
// in the form and under the rules of Trackers. Dropped has a sentence for each other one,
// 50 at most; duplicates and empty ones are not named.
func WebSeeds(all []string) (kept, dropped []string) {
	seen := make(map[string]struct{})
	for _, raw := range all {
		clean, err := webURL(raw)
		if err == nil && len(kept) == maxWebSeeds && !has(seen, clean) {
			err = refuse("there are more than %d web seeds", maxWebSeeds)
		}
		switch {
		case clean == "" && err == nil || has(seen, clean):
		case err == nil:
			seen[clean] = struct{}{}
			kept = append(kept, clean)
		case len(dropped) < maxDropped:
			dropped = append(dropped, fmt.Sprintf("The web seed %s was left out: %s.", quote(raw), err))
		}
	}
	return kept, dropped
}

func webURL(raw string) (string, error) {
	switch scheme, _, found := strings.Cut(strings.TrimSpace(raw), "://"); {
	case found && !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return "", refuse("only http and https web seeds are used")
	}
	return trackerURL(raw)
}

// urlList reads the web seeds of a .torrent: a list, or one alone.
func urlList(v value) (all []string) {
	if url, ok := v.text(); ok {
		return []string{string(url)}
	}
	for item := range v.items() {
		if url, ok := item.text(); ok {
			all = append(all, string(url))
		}
	}
	return all
}
