package embedded

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// engineLibrary holds the C entry points of libchdb that we use. Pointers to Go memory that are passed down live only as long as the
// call: the engine copies what it keeps (queries, parameters, appended chunks).
type engineLibrary struct {
	connect      func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn    func(conn unsafe.Pointer)
	query        func(conn unsafe.Pointer, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, n uintptr) unsafe.Pointer
	insert       func(conn unsafe.Pointer, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, n uintptr) unsafe.Pointer
	insertAppend func(stream unsafe.Pointer, data unsafe.Pointer, n uintptr) int32
	insertDone   func(stream unsafe.Pointer) unsafe.Pointer
	insertError  func(stream unsafe.Pointer) unsafe.Pointer
	insertFree   func(stream unsafe.Pointer)

	resultError        func(result unsafe.Pointer) unsafe.Pointer
	resultBuffer       func(result unsafe.Pointer) unsafe.Pointer
	resultLength       func(result unsafe.Pointer) uintptr
	resultRowsRead     func(result unsafe.Pointer) uint64
	resultBytesRead    func(result unsafe.Pointer) uint64
	resultRowsWritten  func(result unsafe.Pointer) uint64
	resultBytesWritten func(result unsafe.Pointer) uint64
	resultRows         func(result unsafe.Pointer) uint64
	resultFree         func(result unsafe.Pointer)

	signalHandlers func(enabled int32)
	shutdown       func() int32
}

// openLibrary loads libchdb and resolves every symbol first, so that a library of another version is an error, not a panic.
func openLibrary(path string) (*engineLibrary, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("loading the engine library %s: %w; delete it and start again, or set %s to another copy", path, err, EnvLibrary)
	}
	l := &engineLibrary{}
	for name, fn := range map[string]any{
		"chdb_connect": &l.connect, "chdb_close_conn": &l.closeConn,
		"chdb_query_with_params_n": &l.query, "chdb_stream_insert_with_params_n": &l.insert,
		"chdb_stream_append": &l.insertAppend, "chdb_stream_done": &l.insertDone,
		"chdb_stream_insert_error": &l.insertError, "chdb_destroy_insert_stream": &l.insertFree,
		"chdb_result_error": &l.resultError, "chdb_result_buffer": &l.resultBuffer, "chdb_result_length": &l.resultLength,
		"chdb_result_storage_rows_read": &l.resultRowsRead, "chdb_result_storage_bytes_read": &l.resultBytesRead,
		"chdb_result_rows_written": &l.resultRowsWritten, "chdb_result_bytes_written": &l.resultBytesWritten,
		"chdb_result_rows_read": &l.resultRows, "chdb_destroy_query_result": &l.resultFree,
		"chdb_set_signal_handlers_enabled": &l.signalHandlers, "chdb_shutdown": &l.shutdown,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("the engine library %s has no %s; use version %s: %w", path, name, libraryVersion, err)
		}
		purego.RegisterFunc(fn, symbol)
	}
	return l, nil
}

// cText reads a NUL-terminated C string; nil is "".
func cText(p unsafe.Pointer) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(p), n))
}

// dataOf points at the bytes of s, at a zero byte when it is empty: the engine builds a std::string from pointer and length.
func dataOf(s string) unsafe.Pointer {
	if s == "" {
		return unsafe.Pointer(&zeroByte)
	}
	return unsafe.Pointer(unsafe.StringData(s))
}

var zeroByte byte

// engineSession is one connection to the engine. It runs one statement at a time; it keeps settings, the current database and
// temporary tables until it is closed.
type engineSession struct {
	lib    *engineLibrary
	handle unsafe.Pointer // chdb_connection *
}

// open makes a connection. The first one of a process boots the engine with these arguments; later ones take only settings from
// them (about 0.5 ms). The last one to be closed shuts the engine down, so a server keeps one open.
func (l *engineLibrary) open(args []string) (*engineSession, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	argv := make([]unsafe.Pointer, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		text := append([]byte(arg), 0)
		pin.Pin(&text[0])
		argv = append(argv, unsafe.Pointer(&text[0]))
	}
	argc := len(argv)
	argv = append(argv, nil)
	pin.Pin(&argv[0])
	handle := l.connect(int32(argc), unsafe.Pointer(&argv[0]))
	if handle == nil {
		return nil, fmt.Errorf("opening a connection to the engine: refused; engine.log in its data folder, or its output, has the reason")
	}
	return &engineSession{lib: l, handle: handle}, nil
}

func (s *engineSession) close() {
	if s.handle != nil {
		s.lib.closeConn(s.handle)
		s.handle = nil
	}
}

func (s *engineSession) conn() unsafe.Pointer { return *(*unsafe.Pointer)(s.handle) }

// call runs one of the two entry points that take a statement, a format and parameters.
func (s *engineSession) call(fn func(unsafe.Pointer, unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, uintptr) unsafe.Pointer,
	sql, format string, params map[string]string) unsafe.Pointer {
	var pin runtime.Pinner
	defer pin.Unpin()
	n := len(params)
	names, values := make([]unsafe.Pointer, 0, n+1), make([]unsafe.Pointer, 0, n+1)
	nameLens, valueLens := make([]uintptr, 0, n+1), make([]uintptr, 0, n+1)
	for name, value := range params {
		pin.Pin(dataOf(name))
		pin.Pin(dataOf(value))
		names, nameLens = append(names, dataOf(name)), append(nameLens, uintptr(len(name)))
		values, valueLens = append(values, dataOf(value)), append(valueLens, uintptr(len(value)))
	}
	names, values, nameLens, valueLens = append(names, nil), append(values, nil), append(nameLens, 0), append(valueLens, 0)
	result := fn(s.conn(), dataOf(sql), uintptr(len(sql)), dataOf(format), uintptr(len(format)),
		unsafe.Pointer(&names[0]), unsafe.Pointer(&nameLens[0]), unsafe.Pointer(&values[0]), unsafe.Pointer(&valueLens[0]), uintptr(n))
	runtime.KeepAlive(params)
	runtime.KeepAlive(sql)
	runtime.KeepAlive(format)
	return result
}

// engineAnswer is what a statement left behind. It owns C memory: free it, and do not keep body after that.
type engineAnswer struct {
	lib    *engineLibrary
	handle unsafe.Pointer
	stats  engineStats
}

// engineStats are counts the engine reports for one statement.
type engineStats struct {
	readRows, readBytes, writtenRows, writtenBytes, resultRows, resultBytes uint64
}

// query runs one statement and blocks until it ends. The error is the engine's ("Code: 60. DB::Exception: …").
func (s *engineSession) query(sql, format string, params map[string]string) (engineAnswer, error) {
	return s.answer(s.call(s.lib.query, sql, format, params))
}

// exec runs a statement whose output nobody reads.
func (s *engineSession) exec(sql string) error {
	a, err := s.query(sql, "Null", nil)
	a.free()
	return err
}

func (s *engineSession) answer(handle unsafe.Pointer) (engineAnswer, error) {
	a := engineAnswer{lib: s.lib, handle: handle}
	if text := cText(s.lib.resultError(handle)); text != "" {
		a.free()
		return engineAnswer{}, engineError(text)
	}
	l := s.lib
	a.stats = engineStats{
		readRows: l.resultRowsRead(handle), readBytes: l.resultBytesRead(handle),
		writtenRows: l.resultRowsWritten(handle), writtenBytes: l.resultBytesWritten(handle),
		resultRows: l.resultRows(handle), resultBytes: uint64(l.resultLength(handle)),
	}
	return a, nil
}

func (a *engineAnswer) body() []byte {
	if a.handle == nil {
		return nil
	}
	buffer := a.lib.resultBuffer(a.handle)
	if buffer == nil {
		return nil
	}
	return unsafe.Slice((*byte)(buffer), a.lib.resultLength(a.handle))
}

func (a *engineAnswer) free() {
	if a.handle != nil {
		a.lib.resultFree(a.handle)
		a.handle = nil
	}
}

// engineInsert is a streamed INSERT: the rows follow in any format, in chunks of any size. The engine writes blocks as they fill;
// nothing is promised before done has returned nil.
type engineInsert struct {
	session *engineSession
	handle  unsafe.Pointer
}

// insert begins an INSERT without data or FORMAT clause ("INSERT INTO t (a, b)").
func (s *engineSession) insert(sql, format string, params map[string]string) (*engineInsert, error) {
	handle := s.call(s.lib.insert, sql, format, params)
	if text := cText(s.lib.insertError(handle)); text != "" {
		s.lib.insertFree(handle)
		return nil, engineError(text)
	}
	return &engineInsert{session: s, handle: handle}, nil
}

// Write appends one chunk and blocks while the engine is behind.
func (i *engineInsert) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if i.session.lib.insertAppend(i.handle, unsafe.Pointer(&p[0]), uintptr(len(p))) != 0 {
		return 0, errInsertEnded // done has the reason
	}
	return len(p), nil
}

// done ends the data and waits for the rows to be written.
func (i *engineInsert) done() (engineStats, error) {
	defer i.free()
	a, err := i.session.answer(i.session.lib.insertDone(i.handle))
	a.free()
	return a.stats, err
}

// free drops an insertion; one that is not done is cancelled, and blocks that were already written stay, as with a server.
func (i *engineInsert) free() {
	if i.handle != nil {
		i.session.lib.insertFree(i.handle)
		i.handle = nil
	}
}
