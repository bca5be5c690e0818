package embedded

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// errInsertEnded says that the engine gave up on an insert before its data ended; engineInsert.done returns why.
var errInsertEnded = errors.New("the engine ended the insert")

// engineError is an error of the engine, in the form clients parse: "Code: 60. DB::Exception: … (UNKNOWN_TABLE)".
type engineError string

func (e engineError) Error() string { return string(e) }

var errorCode = regexp.MustCompile(`^\s*(?:Error: )?Code: (\d+)\. `)

// newEngineError makes an error of our own look like one of the engine's.
func newEngineError(code int, name, text string) engineError {
	return engineError("Code: " + strconv.Itoa(code) + ". DB::Exception: " + text + ". (" + name + ")")
}

// code is the engine's number for the error; 1002 (UNKNOWN_EXCEPTION) where it gave none.
func (e engineError) code() int {
	if m := errorCode.FindStringSubmatch(string(e)); m != nil {
		code, _ := strconv.Atoi(m[1])
		return code
	}
	return 1002
}

// text is one line of the form clients parse, with the version at its end as a server writes it.
func (e engineError) text(version string) string {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(e)), "Error: "))
	if !errorCode.MatchString(text) {
		text = "Code: 1002. DB::Exception: " + text + ". (UNKNOWN_EXCEPTION)"
	}
	if !strings.Contains(text, "(version ") {
		text += " (version " + version + ")"
	}
	return text
}

// httpStatus is the status a ClickHouse server answers with for an error code (its HTTPHandler's table); 500 otherwise.
var httpStatus = map[int]int{
	194: http.StatusUnauthorized,                                                                               // REQUIRED_PASSWORD
	192: http.StatusForbidden, 193: http.StatusForbidden, 516: http.StatusForbidden, 497: http.StatusForbidden, // user, password, access
	6: http.StatusBadRequest, 25: http.StatusBadRequest, 26: http.StatusBadRequest, 27: http.StatusBadRequest, // CANNOT_PARSE_…
	38: http.StatusBadRequest, 41: http.StatusBadRequest, 72: http.StatusBadRequest, 190: http.StatusBadRequest,
	62: http.StatusBadRequest, 53: http.StatusBadRequest, 117: http.StatusBadRequest, 69: http.StatusBadRequest, // syntax, type, data, range
	456: http.StatusBadRequest, 457: http.StatusBadRequest, // query parameters
	46: http.StatusNotFound, 47: http.StatusNotFound, 50: http.StatusNotFound, 56: http.StatusNotFound, 60: http.StatusNotFound,
	63: http.StatusNotFound, 73: http.StatusNotFound, 78: http.StatusNotFound, 81: http.StatusNotFound, 115: http.StatusNotFound,
	336: http.StatusNotFound, 372: http.StatusNotFound, // UNKNOWN_…
	159: http.StatusRequestTimeout, 48: http.StatusNotImplemented, 439: http.StatusServiceUnavailable, 209: http.StatusServiceUnavailable,
	373: http.StatusInternalServerError,
}

func (e engineError) status() int {
	if status, ok := httpStatus[e.code()]; ok {
		return status
	}
	return http.StatusInternalServerError
}
