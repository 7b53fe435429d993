package engine

import (
	"errors"
	"fmt"
	"slices"

	"piecewise/engine/internal/admit"
)

// CheckTracker returns why a URL cannot be that of a tracker, as the end of a sentence.
func CheckTracker(url string) error { return admit.Tracker(url) }

// The rules of a list of trackers in tiers. None changes the list it is given.

// withTrackers adds tiers behind a list.
func withTrackers(old, tiers [][]string) ([][]string, error) {
	for _, url := range slices.Concat(tiers...) {
		if err := admit.Tracker(url); err != nil {
			return nil, fmt.Errorf("%q cannot be a tracker: %w", url, err)
		}
	}
	all, dropped := admit.Trackers(append(slices.Clone(old), tiers...))
	if len(dropped) > 0 {
		return nil, errors.New(dropped[0])
	}
	return all, nil
}

func editedTracker(old [][]string, url, other string) ([][]string, error) {
	if err := admit.Tracker(other); err != nil {
		return nil, fmt.Errorf("%q cannot be a tracker: %w", other, err)
	}
	kept, _ := admit.Trackers([][]string{{other}})
	if len(kept) == 0 {
		return nil, errors.New("there is no address")
	}
	other = kept[0][0]
	tier, at := placeOf(old, url)
	switch taken, _ := placeOf(old, other); {
	case tier < 0:
		return nil, errors.New("the torrent does not have that tracker any more")
	case other == url:
		return old, nil
	case taken >= 0:
		return nil, errors.New("the torrent has that tracker already")
	}
	all := cloned(old)
	all[tier][at] = other
	return all, nil
}

func withoutTrackers(old [][]string, urls []string) [][]string {
	all := cloned(old)
	for i := range all {
		all[i] = slices.DeleteFunc(all[i], func(url string) bool { return slices.Contains(urls, url) })
	}
	return slices.DeleteFunc(all, func(tier []string) bool { return len(tier) == 0 })
}

func movedTracker(old [][]string, url string, toFront bool) [][]string {
	tier, at := placeOf(old, url)
	if tier < 0 {
		return old
	}
	all := cloned(old)
	alone := len(all[tier]) == 1
	switch {
	case alone && (toFront && tier == 0 || !toFront && tier == len(all)-1):
		return old
	case alone && toFront:
		all[tier-1] = append(all[tier-1], url)
		return slices.Delete(all, tier, tier+1)
	case alone:
		all[tier+1] = slices.Insert(all[tier+1], 0, url)
		return slices.Delete(all, tier, tier+1)
	}
	all[tier] = slices.Delete(all[tier], at, at+1)
	if !toFront {
		tier++
	}
	return slices.Insert(all, tier, []string{url})
}

// placeOf returns the tier of a tracker and its place in it, -1 if it is in none.
func placeOf(tiers [][]string, url string) (tier, at int) {
	for i, urls := range tiers {
		if at := slices.Index(urls, url); at >= 0 {
			return i, at
		}
	}
	return -1, -1
}

func cloned(tiers [][]string) [][]string {
	all := make([][]string, len(tiers))
	for i := range tiers {
		all[i] = slices.Clone(tiers[i])
	}
	return all
}
