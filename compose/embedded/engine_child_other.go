//go:build !linux

package embedded

import "syscall"

// childAttributes keep the terminal's Ctrl-C from the engine: the sinks still need it while we shut down. It dies with us when
// its stdin ends.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
