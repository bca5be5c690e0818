package embedded

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A response to a fetch names the aborted transactions of each partition; a read-committed client takes all other records for committed. Where kfake has
// filled a response up to the request's MaxBytes, it leaves out those of the partition in which it stopped: what was aborted would be read. So it is never let come to
// that. Every partition has an equal share of MaxBytes for its own limit, at which kfake stops rightly, and MaxBytes itself has none.
//
// That needs the whole list of partitions in each request, and so no fetch sessions, which came with version 7: clients are told that 6 is the newest
// (broker_conn.go).
const fetchVersion = 6

// divider divides what a fetch may take. Its method runs in the broker's loop, one at a time.
type divider struct {
	cluster *kfake.Cluster
	seen    int
}

func divideFetches(c *kfake.Cluster) {
	d := &divider{cluster: c}
	c.ControlKey(int16(kmsg.Fetch), d.fetch)
}

func (d *divider) fetch(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req, ok := kreq.(*kmsg.FetchRequest)
	if !ok {
		return nil, nil, false
	}
	if d.seen++; d.seen%10_000 == 0 { // see stamper.renew
		d.cluster.DropControl()
		d.cluster.ControlKey(int16(kmsg.Fetch), d.fetch)
	}
	if req.Version > fetchVersion {
		d.cluster.KeepControl()
		refused := req.ResponseKind().(*kmsg.FetchResponse)
		refused.ErrorCode = kerr.UnsupportedVersion.Code
		return refused, nil, true
	}
	divide(req)
	return nil, nil, false
}

// divide gives each partition its share. A batch larger than a share is only given to a partition that is the first with anything in it, so which is put first is
// left to chance.
func divide(req *kmsg.FetchRequest) {
	partitions := 0
	for i := range req.Topics {
		partitions += len(req.Topics[i].Partitions)
	}
	if partitions == 0 {
		return
	}
	share := max(req.MaxBytes/int32(partitions), 1)
	req.MaxBytes = math.MaxInt32
	rotate(req.Topics)
	for i := range req.Topics {
		ps := req.Topics[i].Partitions
		rotate(ps)
		for j := range ps {
			ps[j].PartitionMaxBytes = min(ps[j].PartitionMaxBytes, share)
		}
	}
}

// rotate puts any one element first, and those before it behind the last.
func rotate[T any](s []T) {
	if len(s) > 1 {
		by := rand.IntN(len(s))
		copy(s, append(append(make([]T, 0, len(s)), s[by:]...), s[:by]...))
	}
}

// limitFetchVersion rewrites, in the body of a response to ApiVersions, the newest version of Fetch. Before version 3 the list of keys has a length of four
// bytes, afterwards a varint of one or two, and an empty tag section behind each key.
func limitFetchVersion(version int16, body []byte) {
	const errorCode, key = 2, 6 // bytes: an error code; a key with its oldest and newest version
	at, tags := errorCode+4, 0
	if version >= 3 {
		at, tags = errorCode+1, 1
		if len(body) > errorCode && body[errorCode] >= 0x80 {
			at++
		}
	}
	if len(body) < at || binary.BigEndian.Uint16(body) != 0 { // refused, and answered as version 0
		return
	}
	for ; at+key <= len(body); at += key + tags {
		if binary.BigEndian.Uint16(body[at:]) == uint16(kmsg.Fetch) {
			newest := body[at+4 : at+key]
			binary.BigEndian.PutUint16(newest, min(binary.BigEndian.Uint16(newest), fetchVersion))
			return
		}
	}
}
