package projections

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/throughline/throughline/schemas"
)

func text() Values {
	return Values{
		Encode: func(b []byte, _ string, v any) ([]byte, error) { return append(b, v.(string)...), nil },
		Decode: func(_ string, b []byte) (any, error) { return string(b), nil },
	}
}

func openTest(t *testing.T, fs vfs.FS, limit int) (*store, *part) {
	t.Helper()
	s, err := openStore(fs, "state", text(), nil, limit)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPart(partID{"changelog.test", 1}, s.db, s.values, limit)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func (p *part) settle(t *testing.T, offset int64) {
	t.Helper()
	p.written = offset
	if err := errors.Join(p.encodeDirty(), p.commit()); err != nil {
		t.Fatal(err)
	}
}

func TestPartKeepsWhatWasCommittedAndNothingElse(t *testing.T) {
	s, p := openTest(t, vfs.NewMem(), 2)
	defer s.close()
	for i := range 10 {
		p.Put(fmt.Sprintf("k%d", i), fmt.Sprint(i))
	}
	p.settle(t, 10)
	if len(p.cache) > 2 {
		t.Errorf("%d values are cached, the limit is 2", len(p.cache))
	}
	p.Put("k3", "changed")
	p.Put("new", "new")
	p.Put("k4", nil)
	if got := p.Keys("k"); len(got) != 9 || p.Get("k3") != "changed" || p.Get("k4") != nil {
		t.Errorf("before the end: keys %v, k3 %v, k4 %v", got, p.Get("k3"), p.Get("k4"))
	}
	p.abort()
	if p.Get("k3") != "3" || p.Get("new") != nil || p.Get("k4") != "4" {
		t.Errorf("after the abort: k3 %v, new %v, k4 %v", p.Get("k3"), p.Get("new"), p.Get("k4"))
	}
	p.Put("k4", nil)
	p.settle(t, 12)
	again, err := newPart(p.id, s.db, s.values, 2)
	if err != nil {
		t.Fatal(err)
	}
	if again.resume != 12 || again.Get("k4") != nil || again.Get("k9") != "9" || len(again.Keys("")) != 9 {
		t.Errorf("opened anew: resumes at %d, k4 %v, k9 %v, %d keys", again.resume, again.Get("k4"), again.Get("k9"), len(again.Keys("")))
	}
	other, err := newPart(partID{"changelog.test", 2}, s.db, s.values, 2)
	if err != nil {
		t.Fatal(err)
	}
	if other.Get("k9") != nil || len(other.Keys("")) != 0 || other.resume != 0 {
		t.Error("partitions see each other's state")
	}
}

// A full disk stops the loop with a sentence that says what to do, instead of stalling it; what was acknowledged stands in the changelog.
func TestFullDiskStopsWithASentence(t *testing.T) {
	var full atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return syscall.ENOSPC
		}
		return nil
	}))
	s, p := openTest(t, fs, 10)
	p.Put("before", "kept")
	p.settle(t, 1)
	full.Store(true)
	if _, err := s.db.AsyncFlush(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for s.health() == nil && time.Now().Before(deadline) {
		<-time.After(10 * time.Millisecond)
	}
	err := s.health()
	if !errors.Is(err, ErrStateStore) || !errors.Is(err, syscall.ENOSPC) || schemas.FateOf(err) != schemas.Fatal {
		t.Fatalf("health: %v, want a fatal %v", err, ErrStateStore)
	}
	if !strings.Contains(err.Error(), "make room on its disk") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	session := &session{store: s, touched: map[partID]*part{p.id: p}}
	if err := session.afterEnd(t.Context(), true); !errors.Is(err, ErrStateStore) {
		t.Errorf("the loop went on: %v", err)
	}
	full.Store(false)
	if err := s.close(); err != nil {
		t.Logf("closing: %v", err)
	}
}
