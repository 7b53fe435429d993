package test

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
)

var (
	network = byte(1 + rand.IntN(250)) // so that two test runs at once rarely meet
	host    atomic.Int32
)

// take keeps others from listening on a TCP address during the test, where
// nobody answers.
func take(t testing.TB, at netip.AddrPort) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		t.Cleanup(func() { syscall.Close(fd) })
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	}
	if err != nil {
		t.Fatalf("take %v: %v", at, err)
	}
}

// Address returns an address of its own on this machine, with a port that is free
// for TCP and UDP. It is below those that the system gives to whoever asks for any.
func Address(t testing.TB) netip.AddrPort {
	t.Helper()
	n := host.Add(1)
	ip := netip.AddrFrom4([4]byte{127, network, byte(n / 200), byte(1 + n%200)})
	if Inside() {
		ip = netip.AddrFrom4([4]byte{10, 99, byte(n / 200), byte(1 + n%200)})
	}
	for range 100 {
		at := netip.AddrPortFrom(ip, uint16(10_000+rand.IntN(20_000)))
		if free(at) {
			return at
		}
	}
	t.Fatalf("no port is free on %v", ip)
	return netip.AddrPort{}
}

// freePort returns a port that is free on 127.0.0.1, for what listens nowhere else.
func freePort(t testing.TB) uint16 {
	t.Helper()
	for range 100 {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(10_000+rand.IntN(20_000)))
		if free(at) {
			return at.Port()
		}
	}
	t.Fatal("no port is free on 127.0.0.1")
	return 0
}

func free(at netip.AddrPort) bool {
	l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	defer l.Close()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	c.Close()
	return true
}
