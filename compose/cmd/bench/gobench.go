package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// results are what `go test -bench` printed: benchmark → unit → one value per run.
type results map[string]map[string][]float64

func (r results) median(benchmark, unit string) float64 { return median(r[benchmark][unit]) }

// cores is the suffix that `go test` appends to names.
var cores = regexp.MustCompile(`-\d+$`)

// goBench runs benchmarks of a package of this repository: the measurements stand beside the code that they measure, and here is only the table.
func (b *bench) goBench(ctx context.Context, pkg, pattern, benchtime string) (results, error) {
	args := []string{"test", pkg, "-run", "^$", "-bench", pattern, "-benchtime", benchtime, "-count", strconv.Itoa(b.rounds), "-timeout", "60m"}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.root
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, said.Bytes()[max(0, said.Len()-3000):])
	}
	found := parseBench(said.String())
	if len(found) == 0 {
		return nil, fmt.Errorf("go %s printed no benchmark: %s", strings.Join(args, " "), said.String())
	}
	return found, nil
}

func parseBench(text string) results {
	found := results{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := cores.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
		if found[name] == nil {
			found[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				found[name][fields[i+1]] = append(found[name][fields[i+1]], v)
			}
		}
	}
	return found
}
