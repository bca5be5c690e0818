package embedded

import (
	"sync"
	"time"
)

// sessions keeps connections that clients name (session_id), with their settings, database and temporary tables, until nobody
// has used them for session_timeout.
type sessions struct {
	mu   sync.Mutex
	open map[string]*namedSession
}

type namedSession struct {
	conn  *engineSession
	busy  bool
	timer *time.Timer
}

// borrow returns the session's connection and a function that gives it back. A session runs one query at a time.
func (s *sessions) borrow(q *request, open func(id string) (*engineSession, error)) (*engineSession, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	named := s.open[q.session]
	if named == nil && q.sessionCheck {
		return nil, nil, newEngineError(372, "SESSION_NOT_FOUND", "Session "+q.session+" not found")
	}
	if named == nil {
		conn, err := open(q.id)
		if err != nil {
			return nil, nil, err
		}
		named = &namedSession{conn: conn}
		if s.open == nil {
			s.open = map[string]*namedSession{}
		}
		s.open[q.session] = named
	}
	if named.busy {
		return nil, nil, newEngineError(373, "SESSION_IS_LOCKED", "Session "+q.session+" is locked by a concurrent client")
	}
	if named.timer != nil {
		named.timer.Stop()
	}
	named.busy = true
	return named.conn, func() { s.giveBack(q, named) }, nil
}

func (s *sessions) giveBack(q *request, named *namedSession) {
	for _, change := range q.settings { // settings in a URL hold for one query
		_ = named.conn.exec("SET " + change.name + " = DEFAULT")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	named.busy = false
	named.timer = time.AfterFunc(q.sessionTimeout, func() { s.expire(q.session, named) })
}

func (s *sessions) expire(id string, named *namedSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if named.busy || s.open[id] != named {
		return
	}
	delete(s.open, id)
	named.conn.close()
}

// closeAll ends every session. No query may run any more.
func (s *sessions) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, named := range s.open {
		if named.timer != nil {
			named.timer.Stop()
		}
		delete(s.open, id)
		named.conn.close()
	}
}
