package main

import "syscall"

// dieWithParent keeps a terminal's interrupt away from a child, and ends it with whoever started it.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
