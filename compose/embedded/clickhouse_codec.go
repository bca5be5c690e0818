package embedded

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/http"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// decodeBody undoes Content-Encoding and, inside of it, ClickHouse's own compressed blocks (decompress=1).
func decodeBody(r *http.Request, native bool) (io.Reader, error) {
	var body io.Reader = r.Body
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	switch encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		reader, err := gzip.NewReader(bufio.NewReader(body))
		if err != nil {
			return nil, bodyError(err)
		}
		body = reader
	case "deflate":
		reader, err := zlib.NewReader(bufio.NewReader(body))
		if err != nil {
			return nil, bodyError(err)
		}
		body = reader
	case "br":
		body = brotli.NewReader(body)
	case "lz4":
		body = lz4.NewReader(body)
	case "zstd":
		reader, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, bodyError(err)
		}
		body = reader.IOReadCloser()
	default:
		return nil, newEngineError(48, "NOT_IMPLEMENTED", "Content-Encoding "+encoding+" is not supported; use gzip, deflate, br, lz4 or zstd")
	}
	if native {
		borders := &blockBorders{r: body}
		return &blockReader{borders: borders, blocks: compress.NewReader(borders)}, nil
	}
	return body, nil
}

// blockReader reads ClickHouse's compressed blocks up to the end of the body. ch-go's reader calls that end an error, as it calls a
// body that broke off inside a block; only one of them may pass for the whole.
type blockReader struct {
	borders *blockBorders
	blocks  *compress.Reader
}

func (b *blockReader) Read(p []byte) (int, error) {
	n, err := b.blocks.Read(p)
	if err != nil && b.borders.ended {
		return n, io.EOF
	}
	return n, err
}

// blockBorders follows the sizes in the block headers and knows whether the body ended between two blocks.
type blockBorders struct {
	r       io.Reader
	header  [25]byte // checksum (16), method (1), size of the block from the method on (4), size of its data (4)
	have    int      // bytes of the header read
	payload uint32   // bytes of the block that follow
	ended   bool
}

func (b *blockBorders) Read(p []byte) (int, error) {
	left := int(b.payload)
	if b.have < len(b.header) {
		left = len(b.header) - b.have
	}
	n, err := b.r.Read(p[:min(len(p), left)])
	b.ended = err == io.EOF && n == 0 && b.have == 0
	if b.have < len(b.header) {
		b.have += copy(b.header[b.have:], p[:n])
		if b.have == len(b.header) {
			b.payload = max(9, binary.LittleEndian.Uint32(b.header[17:])) - 9
		}
	} else {
		b.payload -= uint32(n)
	}
	if b.have == len(b.header) && b.payload == 0 {
		b.have = 0
	}
	return n, err
}

// encodings lists what an answer can be sent in, in the server's order of preference.
var encodings = []string{"br", "lz4", "gzip", "deflate", "zstd"}

// chooseEncoding picks the answer's Content-Encoding from an Accept-Encoding header; "" sends it as it is.
func chooseEncoding(accept string) string {
	accepted := map[string]bool{}
	for _, part := range strings.Split(strings.ToLower(accept), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.ReplaceAll(quality, " ", "") != "q=0" {
			accepted[strings.TrimSpace(name)] = true
		}
	}
	for _, encoding := range encodings {
		if accepted[encoding] {
			return encoding
		}
	}
	return ""
}

// encodeTo wraps w in a Content-Encoding. Closing the wrapper ends the encoding and leaves w open. Speed matters more than size:
// the other end is the same machine.
func encodeTo(w io.Writer, encoding string) io.WriteCloser {
	switch encoding {
	case "br":
		return brotli.NewWriterLevel(w, 1)
	case "lz4":
		return lz4.NewWriter(w)
	case "gzip":
		writer, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		return writer
	case "deflate":
		writer, _ := zlib.NewWriterLevel(w, zlib.BestSpeed)
		return writer
	case "zstd":
		writer, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err == nil {
			return writer
		}
	}
	return openWriter{w}
}

// openWriter has a Close that does nothing.
type openWriter struct{ io.Writer }

func (openWriter) Close() error { return nil }

// nativeBlocks writes ClickHouse's own compressed blocks, each with its checksum.
type nativeBlocks struct {
	w      io.Writer
	blocks *compress.Writer
	buffer []byte
}

const nativeBlock = 1 << 20 // bytes of a block before compression, as the server's

func newNativeBlocks(w io.Writer, method string) *nativeBlocks {
	kind := compress.LZ4
	if strings.EqualFold(method, "ZSTD") {
		kind = compress.ZSTD
	} else if strings.EqualFold(method, "NONE") {
		kind = compress.None
	}
	return &nativeBlocks{w: w, blocks: compress.NewWriter(compress.LevelZero, kind)}
}

func (n *nativeBlocks) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		take := min(nativeBlock-len(n.buffer), len(p))
		n.buffer, p = append(n.buffer, p[:take]...), p[take:]
		if len(n.buffer) == nativeBlock {
			if err := n.flush(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

func (n *nativeBlocks) flush() error {
	if len(n.buffer) == 0 {
		return nil
	}
	err := n.blocks.Compress(n.buffer)
	n.buffer = n.buffer[:0]
	if err != nil {
		return err
	}
	_, err = n.w.Write(n.blocks.Data)
	return err
}

func (n *nativeBlocks) Close() error { return n.flush() }
