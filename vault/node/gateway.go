package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/ipfs/go-cid"
)

// gateway reads blocks as an IPFS gateway gives them: the same bytes as block/get, at about half the work for both
// sides, since the RPC sends a block in pieces of 4 KiB. A node may have one beside its RPC, under the same address and
// behind the same token: Kubo with --unrestricted-api, or a proxy that serves both.
//
// It is a shortcut that proves itself: it gives a block whose bytes have the right hash, or nothing, and then the RPC is
// asked, which alone decides what is missing, damaged or refused.
type gateway struct {
	url    string // "http://127.0.0.1:5001/ipfs/"
	client http.RoundTripper
	absent atomic.Bool // no gateway is there, or one that is no use
}

func newGateway(base string, client http.RoundTripper) *gateway {
	return &gateway{url: base + "/ipfs/", client: client}
}

// block returns a block that the node itself has; nil without one that could be had.
func (g *gateway) block(ctx context.Context, c cid.Cid, l limit) []byte {
	if g.absent.Load() {
		return nil
	}
	x := &exchange{most: MaxBlockSize, binary: true}
	inner, end := begin(ctx, l, x)
	defer end()
	data, err := g.read(inner, c)
	if err == nil {
		return data
	}
	// What ends a connection may be over with the next one, and one block may be missing or damaged.
	answer, answered := errors.AsType[*answerError](err)
	if answered && answer.status != http.StatusPreconditionFailed || errors.Is(err, ErrProtocol) ||
		context.Cause(inner) != nil && ctx.Err() == nil {
		g.absent.Store(true)
	}
	return nil
}

func (g *gateway) read(ctx context.Context, c cid.Cid) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+c.String()+"?format=raw", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/vnd.ipld.raw")
	req.Header.Set("Cache-Control", "only-if-cached") // 412 where it would ask other nodes
	resp, err := g.client.RoundTrip(req)              // which follows nobody elsewhere
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var data []byte
	switch n := resp.ContentLength; {
	case n > MaxBlockSize:
		return nil, nonsense("a block of %d bytes", n)
	case n < 0:
		data, err = io.ReadAll(resp.Body) // no more than a block: the transport counts
	default:
		data = memory(int(n))
		_, err = io.ReadFull(resp.Body, data)
	}
	if err != nil {
		return nil, err
	}
	return data, checkBlock(c, data)
}

// checkBlock is ErrWrongBytes unless data has the hash that c names.
func checkBlock(c cid.Cid, data []byte) error {
	sum, err := c.Prefix().Sum(data)
	if err != nil {
		return err
	}
	if !sum.Equals(c) {
		return fmt.Errorf("%s: %w", c, ErrWrongBytes)
	}
	return nil
}
