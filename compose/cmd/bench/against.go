package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// against builds the bench of another commit and runs its quick parts and ours in turn, A B A B, so that both meet the same machine: a rule set that has grown is
// compared with the one before it, whatever else the machine does meanwhile. Each commit measures events of its own schemas, written by itself.
func (b *bench) against(ctx context.Context, rev, only string, out io.Writer) error {
	theirs, remove, err := b.buildAt(ctx, rev)
	if err != nil {
		return err
	}
	defer remove()
	ours, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program itself: %w", err)
	}
	args := []string{"-quick", "-only", only}
	if help, _ := exec.CommandContext(ctx, theirs, "-h").CombinedOutput(); strings.Contains(string(help), "-rounds") {
		args = append(args, "-rounds", "5") // of so short runs, one by itself says little
	}
	var all []pair
	for round := range b.rounds {
		fmt.Fprintf(b.log, "== pair %d of %d\n", round+1, b.rounds)
		now, err := b.quickRun(ctx, ours, args)
		if err != nil {
			return err
		}
		then, err := b.quickRun(ctx, theirs, args)
		if err != nil {
			return fmt.Errorf("%s: %w", rev, err)
		}
		all = matched(all, now, then)
	}
	if len(all) == 0 {
		return fmt.Errorf("comparing with %s: no row has a number at both commits", rev)
	}
	return writePairs(out, rev, all)
}

// buildAt builds the bench of a commit in a work tree of its own. remove takes that away.
func (b *bench) buildAt(ctx context.Context, rev string) (program string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "throughline-bench-then-")
	if err != nil {
		return "", nil, err
	}
	tree := filepath.Join(dir, "tree")
	git := func(args ...string) error {
		if text, err := exec.CommandContext(context.WithoutCancel(ctx), "git", append([]string{"-C", b.root}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s: name a commit of this repository", args[0], err, strings.TrimSpace(string(text)))
		}
		return nil
	}
	remove = func() { _ = errors.Join(git("worktree", "remove", "--force", tree), os.RemoveAll(dir)) }
	if err := git("worktree", "add", "--detach", tree, rev); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	program = filepath.Join(dir, "bench")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./compose/cmd/bench")
	build.Dir = tree
	if text, err := build.CombinedOutput(); err != nil {
		remove()
		return "", nil, fmt.Errorf("building the bench of %s: %w: %s", rev, err, text)
	}
	return program, remove, nil
}

// quickRun gives the first number of each row that a bench prints.
func (b *bench) quickRun(ctx context.Context, program string, args []string) (map[string]float64, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stderr = b.root, b.log
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running the bench: %w", err)
	}
	return numbers(string(text)), nil
}

var leading = regexp.MustCompile(`^[0-9][0-9,]*(\.[0-9]+)?`)

// numbers reads a table as print writes it: row by row what was measured and the number that its second column begins with.
func numbers(table string) map[string]float64 {
	all := map[string]float64{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		text := leading.FindString(strings.TrimSpace(cells[2]))
		if x, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64); err == nil && x > 0 {
			all[strings.TrimSpace(cells[1])] = x
		}
	}
	return all
}

// pair is one row at both commits, a value a round.
type pair struct {
	what      string
	now, then []float64
}

func matched(all []pair, now, then map[string]float64) []pair {
	for what := range now {
		if _, both := then[what]; !both {
			continue
		}
		i := slices.IndexFunc(all, func(p pair) bool { return p.what == what })
		if i < 0 {
			i, all = len(all), append(all, pair{what: what})
		}
		all[i].now, all[i].then = append(all[i].now, now[what]), append(all[i].then, then[what])
	}
	slices.SortFunc(all, func(x, y pair) int { return strings.Compare(x.what, y.what) })
	return all
}

func writePairs(w io.Writer, rev string, all []pair) error {
	var s strings.Builder
	fmt.Fprintf(&s, "\n| what | now | at %s | now / then, median | lowest and highest pair |\n|---|---:|---:|---:|---|\n", rev)
	for _, p := range all {
		ratios := make([]float64, len(p.now))
		for i := range ratios {
			ratios[i] = p.now[i] / p.then[i]
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %.2f | %.2f to %.2f |\n", p.what, plainly(median(p.now)), plainly(median(p.then)), median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	fmt.Fprintf(&s, "\n%s; %d pairs of quick runs, in turn.\n", machine(), len(all[0].now))
	_, err := io.WriteString(w, s.String())
	return err
}

func plainly(x float64) string {
	if math.Abs(x) >= 1000 {
		return count(x)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
