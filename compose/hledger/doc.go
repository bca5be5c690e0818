// Package hledger finds or installs hledger, the accounting program of other people that reads our exports in tests, and asks it for balances.
//
// The one type is Program. It is the program that is installed, else one of Debian's packages that is unpacked once on a machine into the user's cache folder, which
// needs no root. What apt downloads it holds against the signed lists of the archive. A machine that cannot have it gives ErrNone, which a test skips on, loudly.
package hledger
