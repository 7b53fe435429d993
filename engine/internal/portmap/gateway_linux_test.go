package portmap

import (
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	four := "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"tun0\t00000000\t01020A0A\t0003\t0\t0\t50\t00000000\t0\t0\t0\n" +
		"eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
		"eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\nshort\n" +
		"eth1\t00000000\t00000000\t0001\t0\t0\t1\t00000000\t0\t0\t0\n"
	for device, want := range map[string]string{"": "10.10.2.1", "eth0": "192.168.0.1", "eth1": "invalid IP"} {
		if got := best(routes4(strings.NewReader(four)), device); got.String() != want {
			t.Errorf("over %q: %v", device, got)
		}
	}
	six := "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0\n" +
		"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n" +
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
	if got := best(routes6(strings.NewReader(six)), ""); got.String() != "fe80::1%eth0" {
		t.Errorf("IPv6: %v", got)
	}
}
