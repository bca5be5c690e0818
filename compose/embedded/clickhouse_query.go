package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// run executes one request on a connection of its own, or on its session's.
func (s *engineServer) run(ctx context.Context, p *response, q *request) error {
	if err := checkStatement(q); err != nil {
		return err
	}
	if isHello(q) {
		return s.hello(p, q)
	}
	conn, release, err := s.connect(q)
	if err != nil {
		return err
	}
	defer release()
	if err := prepare(conn, q); err != nil {
		return err
	}
	s.running.Store(q.id, true)
	defer s.running.Delete(q.id)
	switch q.statement.kind {
	case statementSelect:
		return s.runSelect(ctx, conn, p, q)
	case statementInsert:
		return s.runInsert(conn, p, q)
	default:
		return s.runOther(conn, p, q)
	}
}

// connect opens a connection that is closed with the request, or borrows the session's.
func (s *engineServer) connect(q *request) (*engineSession, func(), error) {
	if q.session != "" {
		return s.sessions.borrow(q, s.openSession)
	}
	conn, err := s.openSession(q.id)
	if err != nil {
		return nil, nil, err
	}
	return conn, conn.close, nil
}

// openSession opens a connection. Two defaults of the library are put back to a server's; log_comment is how a query is found
// again when it must be killed, because the engine chooses query ids itself.
func (s *engineServer) openSession(id string) (*engineSession, error) {
	return s.lib.open(slices.Concat(s.args, []string{"--implicit_select=0", "--allow_introspection_functions=0", "--log_comment=" + id}))
}

// prepare applies database, settings and external tables.
func prepare(conn *engineSession, q *request) error {
	if q.database != "" && (q.database != "default" || q.session != "") {
		if err := conn.exec("USE " + quoteName(q.database)); err != nil {
			return err
		}
	}
	settings := q.settings
	if q.session != "" {
		settings = append(settings, setting{"log_comment", q.id})
	} else if q.get {
		settings = append(settings, setting{"readonly", "2"})
	}
	if len(settings) > 0 {
		var changes []string
		for _, change := range settings {
			if strings.Trim(change.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
				return newEngineError(115, "UNKNOWN_SETTING", "Unknown setting '"+change.name+"'")
			}
			changes = append(changes, change.name+" = "+quoteString(change.value))
		}
		if err := conn.exec("SET " + strings.Join(changes, ", ")); err != nil {
			return err
		}
	}
	for _, table := range q.external {
		if err := conn.load(table); err != nil {
			return err
		}
	}
	return nil
}

// load makes an external table a temporary one.
func (s *engineSession) load(table externalTable) error {
	name := quoteName(table.name)
	if err := s.exec("CREATE OR REPLACE TEMPORARY TABLE " + name + " (" + table.structure + ") ENGINE = Memory"); err != nil {
		return err
	}
	in, err := s.insert("INSERT INTO "+name, table.format, nil)
	if err != nil {
		return err
	}
	_, appended := in.Write(table.data)
	_, err = in.done()
	return errors.Join(err, ignoreEnded(appended))
}

// ignoreEnded drops the error of an append after which done tells the reason.
func ignoreEnded(err error) error {
	if errors.Is(err, errInsertEnded) {
		return nil
	}
	return err
}

// runSelect lets the engine write the result into a pipe and copies from there, so that a result of any size is streamed in any
// format, with the pipe holding the engine back while the client is slow.
func (s *engineServer) runSelect(ctx context.Context, conn *engineSession, p *response, q *request) error {
	format := q.statement.format
	if format == "" {
		format = q.format
	}
	reader, writer, err := openPipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	clause := fmt.Sprintf("\nINTO OUTFILE '/dev/fd/%d' APPEND ", writer)
	type outcome struct {
		stats engineStats
		err   error
	}
	ended := make(chan outcome, 1)
	go func() {
		a, err := conn.query(q.statement.withOutfile(clause, format), format, q.params)
		stats := a.stats
		a.free()
		syscall.Close(writer)
		ended <- outcome{stats, err}
	}()
	stop := context.AfterFunc(ctx, func() { reader.Close() })
	defer stop()
	head, whole, err := readHead(reader, q.wait)
	if err == nil && whole {
		result := <-ended
		if isSyntax(result.err) { // say so of the client's text, not of ours
			return s.runOther(conn, p, q)
		}
		if result.err != nil {
			return result.err
		}
		result.stats.resultBytes = uint64(len(head))
		p.begin(format, result.stats)
		p.Write(head)
		p.end()
		return nil
	}
	if err == nil {
		p.begin(format, engineStats{})
		if _, err = p.Write(head); err == nil {
			_, err = io.CopyBuffer(p, reader, make([]byte, 256<<10))
		}
	}
	if err != nil { // the client has left: the engine must stop before its connection is closed
		reader.Close()
		for {
			s.kill(q.id) // in vain while the query is still being planned
			select {
			case <-ended:
				return errClientLeft
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	if result := <-ended; result.err != nil {
		return result.err
	}
	p.end()
	return nil
}

func isSyntax(err error) bool {
	var failure engineError
	return errors.As(err, &failure) && failure.code() == 62
}

// readHead reads up to holdBack bytes, or all of them; whole says that nothing follows.
func readHead(r io.Reader, all bool) (head []byte, whole bool, err error) {
	if all {
		head, err = io.ReadAll(r)
		return head, true, err
	}
	head, err = io.ReadAll(io.LimitReader(r, holdBack))
	return head, len(head) < holdBack, err
}

// openPipe makes a pipe whose end for the engine blocks, and whose end for us waits in Go's poller.
func openPipe() (*os.File, int, error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	err := syscall.Pipe(fds[:])
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, 0, fmt.Errorf("opening a pipe for a result: %w", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return nil, 0, fmt.Errorf("opening a pipe for a result: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "result"), fds[1], nil
}

// kill ends a running query. The engine does so within milliseconds; a failure leaves it running, as on a server.
func (s *engineServer) kill(id string) {
	conn, err := s.lib.open(s.args)
	if err != nil {
		return
	}
	defer conn.close()
	_ = conn.exec("KILL QUERY WHERE Settings['log_comment'] = " + quoteString(id) + " ASYNC")
}

// runInsert streams the rows into the engine while they arrive. The answer is sent when they are written.
func (s *engineServer) runInsert(conn *engineSession, p *response, q *request) error {
	format := q.statement.format
	if format == "" {
		format = "Values"
	}
	in, err := conn.insert(q.statement.text, format, q.params)
	if err != nil {
		return err
	}
	rows := io.MultiReader(strings.NewReader(q.sql[q.statement.data:]), q.data)
	_, err = io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{rows}, make([]byte, 1<<20))
	if ignoreEnded(err) != nil { // the body broke off: what it began must not be committed
		in.free()
		return bodyError(err)
	}
	stats, err := in.done()
	if err != nil {
		return err
	}
	p.begin(format, stats)
	p.end()
	return nil
}

// runOther runs a statement whose answer is small.
func (s *engineServer) runOther(conn *engineSession, p *response, q *request) error {
	if q.get && q.session != "" && !readsOnly(q.sql) {
		return errReadOnly
	}
	a, err := conn.query(s.killByOurID(q.sql), q.format, q.params)
	if err != nil {
		return err
	}
	defer a.free()
	format := q.statement.format
	if format == "" {
		format = q.format
	}
	p.begin(format, a.stats)
	p.Write(a.body())
	p.end()
	return nil
}

// killByOurID lets KILL QUERY find a query by the id its client knows (X-ClickHouse-Query-Id), which stands in log_comment: the
// engine chooses its own query ids. A statement that names none of ours is left as it is.
func (s *engineServer) killByOurID(sql string) string {
	t := tokens{sql: sql}
	if first, _ := t.next(); !first.is("KILL") {
		return sql
	}
	ours, at := false, -1
	for tok, ok := t.next(); ok; tok, ok = t.next() {
		if tok.is("query_id") && at < 0 {
			at = tok.start
		}
		_, running := s.running.Load(strings.Trim(tok.text, "'"))
		ours = ours || running
	}
	if !ours || at < 0 {
		return sql
	}
	return sql[:at] + "Settings['log_comment']" + sql[at+len("query_id"):]
}

// readsOnly tells whether a statement is one of those that a GET may run in a session, whose connection cannot be made read-only
// for one request.
func readsOnly(sql string) bool {
	first, _ := (&tokens{sql: sql}).next()
	switch strings.ToUpper(first.text) {
	case "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "SET", "USE":
		return true
	}
	return false
}
