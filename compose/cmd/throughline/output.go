package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
)

// json says that --output json was asked for.
func (a *app) json() bool { return a.flags.output == "json" }

// print writes a result: v as indented JSON (snake_case, by its tags), or what text makes of it.
func (a *app) print(v any, text func(w io.Writer)) error {
	if !a.json() {
		b := &strings.Builder{}
		text(b)
		_, err := io.WriteString(a.out, b.String())
		return err
	}
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// line writes v as one line of JSON, for verbs whose output is a stream.
func (a *app) line(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// note says something on stderr that is not data.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

// table writes columns under their names; an empty table is said in one line.
func table(w io.Writer, columns []string, rows [][]string) {
	if len(rows) == 0 {
		fmt.Fprintln(w, "(none)")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(columns, "\t")))
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	_ = t.Flush() // w is a strings.Builder, which takes everything
}

// progress is a bar on stderr, or nothing where stderr is no terminal.
type progress struct{ bar *progressbar.ProgressBar }

// progress begins a bar; a total of -1 is one that nobody knows. Call Done when the work is over, whatever became of it.
func (a *app) progress(what string, total int64) *progress {
	if !a.terminal {
		return &progress{}
	}
	return &progress{bar: progressbar.NewOptions64(total, progressbar.OptionSetWriter(a.err), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish())}
}

// Set moves the bar to done of total.
func (p *progress) Set(done, total int64) {
	if p.bar == nil {
		return
	}
	if total > 0 && p.bar.GetMax64() != total {
		p.bar.ChangeMax64(total)
	}
	_ = p.bar.Set64(done) // a terminal that is gone stops no work
}

// Done removes the bar.
func (p *progress) Done() {
	if p.bar != nil {
		_ = p.bar.Exit()
		_ = p.bar.Clear()
	}
}
