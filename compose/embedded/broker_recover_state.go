package embedded

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// pidEntry is one entry of the store's pids.log: a producer's start, the end of a transaction, or an abort from outside.
type pidEntry struct {
	Type    string `json:"type"`
	PID     int64  `json:"pid"`
	Epoch   int16  `json:"epoch"`
	TxID    string `json:"txid,omitempty"`
	Timeout int32  `json:"timeout,omitempty"`
	Commit  *bool  `json:"commit,omitempty"`
}

// stateLog collects entries in the frame of the store's state logs: length, checksum, version, JSON.
type stateLog struct{ bytes.Buffer }

const stateFrame = 10 // 4 length of version and data, 4 checksum of them, 2 version

func (l *stateLog) add(entry any) {
	data, err := json.Marshal(entry)
	if err != nil {
		return // strings and numbers only
	}
	frame := make([]byte, stateFrame, stateFrame+len(data))
	binary.LittleEndian.PutUint32(frame, uint32(2+len(data)))
	binary.LittleEndian.PutUint16(frame[8:], 1)
	frame = append(frame, data...)
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[8:], castagnoli))
	l.Write(frame)
}

func (l *stateLog) appendTo(path string) error {
	if l.Len() == 0 {
		return nil
	}
	return appendFile(path, l.Bytes())
}

// cutStateLog returns the data of the whole entries and removes what follows them: the store reads up to a torn entry and
// writes on behind it, so that everything after would be lost at the next load.
func cutStateLog(path string) ([][]byte, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	good := 0
	for rest := raw; len(rest) >= stateFrame; rest = raw[good:] {
		size := 8 + int(binary.LittleEndian.Uint32(rest))
		if size < stateFrame || size > len(rest) || binary.LittleEndian.Uint32(rest[4:]) != crc32.Checksum(rest[8:size], castagnoli) {
			break
		}
		entries = append(entries, rest[stateFrame:size])
		good += size
	}
	if good == len(raw) {
		return entries, nil
	}
	return entries, os.Truncate(path, int64(good))
}

// stagedFile holds the offsets that transactions want to commit. The store keeps them in memory until the transaction
// ends, and a kill while it ends would leave its records committed and its offsets not.
const stagedFile = "staged_offsets.ndjson"

// stagedLimit is where the file starts anew; one older generation is kept, which is far more than the open transactions.
const stagedLimit = 4 << 20

type stagedOffset struct {
	PID       int64   `json:"pid"`
	Epoch     int16   `json:"epoch"`
	Group     string  `json:"group"`
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Offset    int64   `json:"offset"`
	Leader    int32   `json:"leader"`
	Metadata  *string `json:"metadata,omitempty"`
}

// entry is the offset as groups.log holds it.
func (o stagedOffset) entry() any {
	return map[string]any{"type": "commit", "g": o.Group, "t": o.Topic, "p": o.Partition, "o": o.Offset, "e": o.Leader, "m": o.Metadata, "lc": time.Now().UnixMilli()}
}

// stager writes transactional offset commits down before the store sees them. It runs in the broker's loop.
type stager struct {
	cluster *kfake.Cluster
	path    string
	file    *os.File
	size    int
}

func stageOffsets(c *kfake.Cluster, dir string) (*stager, error) {
	s := &stager{cluster: c, path: filepath.Join(dir, stagedFile)}
	if err := s.open(); err != nil {
		return nil, err
	}
	c.ControlKey(int16(kmsg.TxnOffsetCommit), s.stage)
	return s, nil
}

func (s *stager) open() (err error) {
	s.file, err = os.OpenFile(s.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	s.size = 0
	return err
}

func (s *stager) stage(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req, ok := kreq.(*kmsg.TxnOffsetCommitRequest)
	if !ok {
		return nil, nil, false
	}
	var lines bytes.Buffer
	for _, t := range req.Topics {
		name := t.Topic
		if info := s.cluster.TopicIDInfo(t.TopicID); name == "" && info != nil {
			name = info.Topic // newer clients send the id alone
		}
		for _, p := range t.Partitions {
			line, _ := json.Marshal(stagedOffset{req.ProducerID, req.ProducerEpoch, req.Group, name, p.Partition, p.Offset, p.LeaderEpoch, p.Metadata})
			lines.Write(append(line, '\n'))
		}
	}
	if err := s.write(lines.Bytes()); err != nil {
		// An offset that is not written down must not be promised: the error closes the connection and the client tries
		// again. Without KeepControl the hook would be gone after that.
		s.cluster.KeepControl()
		return nil, err, true
	}
	return nil, nil, false
}

func (s *stager) write(lines []byte) error {
	if s.size += len(lines); s.size > stagedLimit {
		_ = s.file.Close()
		if err := os.Rename(s.path, s.path+".old"); err != nil {
			return err
		}
		if err := s.open(); err != nil {
			return err
		}
	}
	_, err := s.file.Write(lines)
	return err
}

func (s *stager) close() { _ = s.file.Close() }

func forgetStaged(dir string) error {
	return errors.Join(removeIfThere(filepath.Join(dir, stagedFile)), removeIfThere(filepath.Join(dir, stagedFile+".old")))
}

func readStaged(dir string) ([]stagedOffset, error) {
	var all []stagedOffset
	for _, name := range []string{stagedFile + ".old", stagedFile} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for line := range bytes.Lines(raw) {
			var o stagedOffset
			if json.Unmarshal(line, &o) == nil { // a line that a kill cut short was not answered
				all = append(all, o)
			}
		}
	}
	return all, nil
}
