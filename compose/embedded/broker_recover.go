package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What the store writes survives a kill of the process, because it goes to the kernel at once. What it does not survive is
// being half way: a transaction that was open has no end in the log, and one that was just ending has an end in some
// partitions only. The store forgets the first kind when it is loaded a second time (what was aborted becomes visible) and
// tears the second; its index and its two state logs can end in the middle of an entry, behind which it then goes on
// writing. So a directory that was not closed cleanly is put in order before the store loads it:
//
//   - torn tails of segments and state logs are cut, indexes are made anew from the segments;
//   - a transaction that had begun to commit is committed everywhere, with its offsets; every other open one is aborted
//     with a marker, and its producer's epoch is raised, so that a client that lived on cannot commit the second half;
//   - the sequence numbers of idempotent producers are taken from the log, so that a retry is still recognised.

// cleanMark is the file that Close leaves and the next start removes.
const cleanMark = "clean"

// prepareDir makes a data directory fit to be loaded. It is called with the directory locked.
func prepareDir(dir string) error {
	if err := forgetMembers(dir); err != nil {
		return err
	}
	// Users are configuration; the store would prefer those of its first start.
	if err := removeIfThere(filepath.Join(dir, "sasl.json")); err != nil {
		return err
	}
	mark := filepath.Join(dir, cleanMark)
	if _, err := os.Stat(mark); err == nil {
		return errors.Join(forgetStaged(dir), os.Remove(mark))
	}
	if _, err := os.Stat(filepath.Join(dir, "meta.json")); errors.Is(err, os.ErrNotExist) {
		return nil // nothing was ever stored
	}
	return recoverDir(dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// forgetMembers drops the group members that the store saved when it was closed. Their processes are as a rule gone, and
// a group would wait for them until their sessions end. Open transactions and group settings stay.
func forgetMembers(dir string) error {
	path := filepath.Join(dir, "session_state.json")
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(raw, &state); err != nil {
		return os.Remove(path) // the store ignores what it cannot read
	}
	for _, key := range []string{"classicGroups", "consumerGroups", "shareGroups", "fetchSessions"} {
		delete(state, key)
	}
	if raw, err = json.Marshal(state); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o644)
}

// recoverDir repairs what a kill left.
func recoverDir(dir string) error {
	if _, err := cutStateLog(filepath.Join(dir, "groups.log")); err != nil {
		return err
	}
	entries, err := cutStateLog(filepath.Join(dir, "pids.log"))
	if err != nil {
		return err
	}
	staged, err := readStaged(dir)
	if err != nil {
		return err
	}
	parts, err := scanPartitions(filepath.Join(dir, "partitions"))
	if err != nil {
		return err
	}
	producers := replayProducers(entries)
	if err := endTransactions(dir, parts, producers, staged); err != nil {
		return err
	}
	if err := writeSequences(dir, parts); err != nil {
		return err
	}
	return forgetStaged(dir)
}

func scanPartitions(dir string) ([]*scannedPartition, error) {
	dirs, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var parts []*scannedPartition
	for _, d := range dirs {
		at := strings.LastIndexByte(d.Name(), '-')
		if at < 0 || !d.IsDir() {
			continue
		}
		topic, err := url.PathUnescape(d.Name()[:at])
		number, err2 := strconv.ParseInt(d.Name()[at+1:], 10, 32)
		if err != nil || err2 != nil {
			continue
		}
		p := &scannedPartition{topic: topic, partition: int32(number), dir: filepath.Join(dir, d.Name()), producers: map[int64]*scannedProducer{}}
		if err := p.scan(); err != nil {
			return nil, fmt.Errorf("%s/%d: %w", topic, number, err)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// producerState is what pids.log says about a producer.
type producerState struct {
	epoch   int16
	txid    string
	timeout int32
	ended   bool // the transaction of this epoch has ended
}

func replayProducers(entries [][]byte) map[int64]*producerState {
	producers := map[int64]*producerState{}
	for _, raw := range entries {
		var e pidEntry
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		switch p := producers[e.PID]; {
		case e.Type == "init":
			// A log that was rewritten says on the same line whether the epoch's transaction had ended.
			producers[e.PID] = &producerState{epoch: e.Epoch, txid: e.TxID, timeout: e.Timeout, ended: e.Commit != nil}
		case p != nil:
			p.epoch, p.ended = e.Epoch, true
		}
	}
	return producers
}

// endTransactions writes the markers that are missing and says in pids.log how each transaction ended.
func endTransactions(dir string, parts []*scannedPartition, producers map[int64]*producerState, staged []stagedOffset) error {
	var pidLog, groupLog stateLog
	for pid, epoch := range committing(parts, producers) {
		for _, p := range parts {
			if s := p.producers[pid]; s != nil && s.open && s.epoch == epoch {
				if err := p.appendMarker(pid, epoch, true); err != nil {
					return err
				}
			}
		}
		for _, o := range staged {
			if o.PID == pid && o.Epoch == epoch {
				groupLog.add(o.entry())
			}
		}
		state, yes := producers[pid], true
		pidLog.add(pidEntry{Type: "endtx", PID: pid, Epoch: epoch, Commit: &yes})
		pidLog.add(pidEntry{Type: "init", PID: pid, Epoch: raised(epoch), TxID: state.txid, Timeout: state.timeout, Commit: &yes})
	}
	abort, err := abortOpen(parts, producers)
	if err != nil {
		return err
	}
	for _, pid := range slices.Sorted(maps.Keys(abort)) {
		pidLog.add(pidEntry{Type: "timeout", PID: pid, Epoch: abort[pid]})
	}
	if err := groupLog.appendTo(filepath.Join(dir, "groups.log")); err != nil {
		return err
	}
	return pidLog.appendTo(filepath.Join(dir, "pids.log"))
}

// committing finds the producers that were killed between the first commit marker of a transaction and the note that it
// had ended. Clients since Kafka 4.0 take a new epoch for every transaction, so pid and epoch name it.
func committing(parts []*scannedPartition, producers map[int64]*producerState) map[int64]int16 {
	found := map[int64]int16{}
	for _, p := range parts {
		for pid, s := range p.producers {
			state := producers[pid]
			if s.marked && s.markedCommit && state != nil && !state.ended && state.epoch == s.markedEpoch {
				found[pid] = s.markedEpoch
			}
		}
	}
	return found
}

// abortOpen ends what is still open and returns the epochs that fence its producers.
func abortOpen(parts []*scannedPartition, producers map[int64]*producerState) (map[int64]int16, error) {
	fenced := map[int64]int16{}
	for _, p := range parts {
		for pid, s := range p.producers {
			if !s.open {
				continue
			}
			epoch := s.epoch
			if state := producers[pid]; state != nil {
				epoch = max(epoch, state.epoch)
			}
			if err := p.appendMarker(pid, s.epoch, false); err != nil {
				return nil, err
			}
			fenced[pid] = max(fenced[pid], raised(epoch))
		}
	}
	return fenced, nil
}

func raised(epoch int16) int16 {
	if epoch == math.MaxInt16 {
		return epoch // the store gives the producer a new id instead
	}
	return epoch + 1
}
