package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// appendTimeListener wraps what it accepts, so that fetched batches leave the broker with the timestamp type that the
// stamper marked them with, and clients fetch as the divider needs it.
type appendTimeListener struct{ net.Listener }

func (l appendTimeListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &appendTimeConn{Conn: conn, asked: map[int32]asked{}}, nil
}

// appendTimeConn follows the request frames that come in, remembers which of them fetch or ask for versions, and rewrites their responses.
// kfake answers with exactly one Write per response and owns the buffer, which is why rewriting it in place is safe.
type appendTimeConn struct {
	net.Conn

	header  [12]byte // size, key, version, correlation id of the frame being read
	filled  int
	pending int // bytes of the frame's body still to come

	mu    sync.Mutex
	asked map[int32]asked // by correlation id
}

// asked is a request whose response is rewritten.
type asked struct {
	key     kmsg.Key
	version int16
}

func (c *appendTimeConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.follow(p[:n])
	return n, err
}

func (c *appendTimeConn) follow(p []byte) {
	for len(p) > 0 {
		if c.pending > 0 {
			n := min(c.pending, len(p))
			c.pending -= n
			p = p[n:]
			continue
		}
		n := copy(c.header[c.filled:], p)
		c.filled += n
		p = p[n:]
		if c.filled < len(c.header) {
			return
		}
		c.filled = 0
		c.pending = int(binary.BigEndian.Uint32(c.header[:])) - 8
		if key := kmsg.Key(binary.BigEndian.Uint16(c.header[4:])); key == kmsg.Fetch || key == kmsg.ApiVersions {
			c.mu.Lock()
			c.asked[int32(binary.BigEndian.Uint32(c.header[8:]))] = asked{key, int16(binary.BigEndian.Uint16(c.header[6:]))}
			c.mu.Unlock()
		}
	}
}

func (c *appendTimeConn) Write(p []byte) (int, error) {
	if len(p) > 8 {
		correlation := int32(binary.BigEndian.Uint32(p[4:]))
		c.mu.Lock()
		of, ok := c.asked[correlation]
		delete(c.asked, correlation)
		c.mu.Unlock()
		switch {
		case ok && of.key == kmsg.ApiVersions:
			limitFetchVersion(of.version, p[8:])
		case ok && len(p) > batchHeader:
			unmarkFetch(of.version, p[8:])
		}
	}
	return c.Conn.Write(p)
}

// unmarkFetch finds the record batches of one fetch response; the decoded fields alias body.
func unmarkFetch(version int16, body []byte) {
	resp := kmsg.NewPtrFetchResponse()
	resp.SetVersion(version)
	if resp.IsFlexible() {
		body = body[1:] // the header's tags, which kfake always leaves empty
	}
	if resp.ReadFrom(body) != nil {
		return
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			unmarkBatches(p.RecordBatches)
		}
	}
}

func unmarkBatches(b []byte) {
	for len(b) >= batchHeader {
		size := 12 + int(binary.BigEndian.Uint32(b[8:]))
		if size < batchHeader || size > len(b) {
			return
		}
		unmarkBatch(b[:size])
		b = b[size:]
	}
}

func unmarkBatch(batch []byte) {
	attributes := binary.BigEndian.Uint16(batch[batchAttributes:])
	if attributes&appendTimeMark == 0 {
		return
	}
	binary.BigEndian.PutUint16(batch[batchAttributes:], attributes&^appendTimeMark|appendTimeBit)
	// Clients take the batch's highest time for all its records. The first time is the one that survives whatever the store
	// does to a batch, so it is copied.
	copy(batch[batchMaxTime:batchMaxTime+8], batch[batchFirstTime:batchFirstTime+8])
	binary.BigEndian.PutUint32(batch[batchCRC:], crc32.Checksum(batch[batchAttributes:], castagnoli))
}
