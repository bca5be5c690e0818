package hledger

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/throughline/throughline/schemas"
)

// ErrNone is returned by Find on a machine that cannot have it.
var ErrNone = errors.New("no program but our own has read the export: install hledger")

// Program is hledger, and the environment that it needs.
type Program struct {
	bin string
	env []string
}

// Find finds it or installs it. A machine without apt gives ErrNone; an apt that cannot give it is another error.
func Find(ctx context.Context) (Program, error) {
	if bin, err := exec.LookPath("hledger"); err == nil {
		return Program{bin: bin}, nil
	}
	for _, tool := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return Program{}, fmt.Errorf("hledger is missing and %s, which could get it, too: %w", tool, ErrNone)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return Program{}, fmt.Errorf("finding a folder for hledger: %w: set HOME or XDG_CACHE_HOME", err)
	}
	name := "hledger"
	if pin, ok := pins[debianRelease()+" "+runtime.GOARCH]; ok {
		name = pin
	}
	dir := filepath.Join(cache, "throughline", strings.NewReplacer("=", "-", "+", "_").Replace(name))
	if err := unpack(ctx, name, dir); err != nil {
		return Program{}, err
	}
	libraries, _ := filepath.Glob(filepath.Join(dir, "root", "usr", "lib", "*-linux-gnu*"))
	old, _ := filepath.Glob(filepath.Join(dir, "root", "lib", "*-linux-gnu*"))
	path := "LD_LIBRARY_PATH=" + strings.Join(append(libraries, old...), ":")
	return Program{filepath.Join(dir, "root", "usr", "bin", "hledger"), append(os.Environ(), path, "LANG=C.UTF-8")}, nil
}

// Run gives what it prints.
func (p Program) Run(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.bin, args...)
	cmd.Env = p.env
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("hledger %s: %w: %.2000s", strings.Join(args, " "), err, problems.String())
	}
	return out.String(), nil
}

// Balances is hledger's own sum of a file: "account code, month, commodity" to amount. With cost it is what the transactions cost.
func (p Program) Balances(ctx context.Context, file string, cost bool) (map[string]schemas.Decimal, error) {
	args := []string{"-f", file, "balance", "--flat", "--no-total", "--empty", "--monthly", "--output-format", "csv"}
	if cost {
		args = append(args, "--cost")
	}
	out, err := p.Run(ctx, args...)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("reading hledger's balances of %s: %d rows: %w", file, len(rows), err)
	}
	sums := map[string]schemas.Decimal{}
	for _, row := range rows[1:] {
		code := row[0][strings.LastIndexByte(row[0], ':')+1:]
		for i, cell := range row[1:] {
			for part := range strings.SplitSeq(cell, ", ") {
				number, commodity, ok := strings.Cut(part, " ")
				if !ok {
					continue
				}
				key := code + " " + rows[0][i+1] + " " + commodity
				if sums[key], err = schemas.ParseDecimal(number); err != nil {
					return nil, fmt.Errorf("reading hledger's balances of %s: %w", file, err)
				}
			}
		}
	}
	return sums, nil
}
