//go:build !linux

package kafka

import "syscall"

// dieWithParent cannot be had outside Linux: a node outlives a parent that is killed, and is then found by its port.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
