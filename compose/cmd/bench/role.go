package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"github.com/throughline/throughline/compose"
)

// runRole is what `throughline run --roles` does, with a CPU profile where the bench wants one. args: roles, profile folder (empty: none).
func runRole(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("role ROLES PROFILES")
	}
	cfg, err := compose.Load("")
	if err != nil {
		return err
	}
	cfg.HTTP.Addr, cfg.Log.Level = "", "warn"
	if args[0] != "all" {
		cfg.Roles = strings.Split(args[0], ",")
	}
	app, err := compose.New(ctx, cfg, cfg.NewLogger(os.Stderr))
	if err != nil {
		return err
	}
	if args[1] == "" {
		return app.Run(ctx)
	}
	f, err := os.Create(filepath.Join(args[1], args[0]+".pprof"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return app.Run(ctx)
}
