package node

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// News is what a node may be beside a [Node]: a board on which those who know a topic tell each other, at this node and at the
// nodes that it knows, that something happened (IPFS's pubsub). Anybody may write there, and nothing has to arrive: it is a reason
// to look, and what is said counts for nothing.
type News interface {
	// Tell writes an empty notice. Errors: ErrNoNews.
	Tell(ctx context.Context, topic string) error
	// Hear calls heard for each notice until ctx ends, or the node ends it, as it does after an hour. Errors: ErrNoNews.
	Hear(ctx context.Context, topic string, heard func()) error
}

// ErrNoNews: the node offers no board, or not to this computer.
var ErrNoNews = errors.New("the storage passes no notices on")

var _ News = (*Kubo)(nil)

// hearing is for a call that says nothing for as long as nothing happens.
var hearing = limit{time.Hour, time.Hour}

// topicArg is how Kubo takes a topic: in multibase, here base64url.
func topicArg(topic string) string { return "u" + base64.RawURLEncoding.EncodeToString([]byte(topic)) }

// Tell implements News.
func (k *Kubo) Tell(ctx context.Context, topic string) error {
	c := &call{
		op: "tell the news", command: "pubsub/pub", args: []string{topicArg(topic)}, limit: k.patience.quick,
		body: strings.NewReader(""),
	}
	return noNews(k.do(ctx, c, readNothing))
}

// Hear implements News.
func (k *Kubo) Hear(ctx context.Context, topic string, heard func()) error {
	c := &call{op: "hear the news", command: "pubsub/sub", args: []string{topicArg(topic)}, limit: hearing}
	return noNews(k.do(ctx, c, func(r io.Reader) error { return readNews(r, heard) }))
}

// readNews counts notices; what they say is not looked at.
func readNews(r io.Reader, heard func()) error {
	for dec := json.NewDecoder(r); ; {
		var notice struct{ From string }
		switch err := dec.Decode(&notice); {
		case err == io.EOF:
			return nil
		case err != nil:
			return unreadable(err)
		}
		heard()
	}
}

// noNews finds out why there is no board: Kubo has it switched off, or has none any more, or the token does not allow it.
func noNews(err error) error {
	a, ok := errors.AsType[*answerError](err)
	if ok && (a.status == http.StatusNotFound || strings.Contains(a.message, "pubsub feature not enabled")) || errors.Is(err, ErrUnauthorized) {
		return fmt.Errorf("%w: %w", ErrNoNews, err)
	}
	return err
}
