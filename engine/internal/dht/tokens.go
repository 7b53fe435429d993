package dht

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"time"
)

const tokenEvery = 5 * time.Minute // then there is another secret; the last one still holds

// tokens prove that who announces to us was asked by us before, at that address.
type tokens struct {
	secrets [2][16]byte
	since   time.Time
}

func (k *tokens) turn(now time.Time) {
	if !k.since.IsZero() && now.Sub(k.since) < tokenEvery {
		return
	}
	if k.since.IsZero() || now.Sub(k.since) >= 2*tokenEvery {
		_, _ = rand.Read(k.secrets[0][:]) // it never fails
	}
	k.secrets[1], k.since = k.secrets[0], now
	_, _ = rand.Read(k.secrets[0][:]) // likewise
}

func (k *tokens) of(ip netip.Addr, n int) string {
	mac := hmac.New(sha256.New, k.secrets[n][:])
	mac.Write(ip.AsSlice())
	return string(mac.Sum(nil)[:8])
}

func (k *tokens) make(ip netip.Addr, now time.Time) string {
	k.turn(now)
	return k.of(ip, 0)
}

func (k *tokens) valid(token string, ip netip.Addr, now time.Time) bool {
	k.turn(now)
	return hmac.Equal([]byte(token), []byte(k.of(ip, 0))) || hmac.Equal([]byte(token), []byte(k.of(ip, 1)))
}
