// Package test tests the whole program, as it is built, against other people's
// clients and trackers on this machine: libtorrent, qBittorrent, Transmission,
// aria2, rtorrent and opentracker, on addresses in 127.0.0.0/8 and ::1, or in network
// namespaces of their own.
//
// The files without _test in their names start and drive the programs; every
// process dies with the test, by its id. A program that is missing fails the test
// and names the package to install.
//
// PIECEWISE names a binary to test instead of a fresh build. PIECEWISE_E2E=full
// runs the whole matrix instead of one case of each kind. PIECEWISE_SHOTS names a
// folder that keeps the pictures of the window.
package test
