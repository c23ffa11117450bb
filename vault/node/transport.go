package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"slices"
)

// exchange is what the transport must know about one call; it travels in the request's context.
type exchange struct {
	most   int64 // longest answer in bytes; a longer one is cut off with an error
	binary bool  // the answer is a block; otherwise it is JSON
	pulse  bool  // the node sends a beat while nothing happens: only the decoder knows what is progress

	clock *clock
}

type exchangeKey struct{}

// progress starts the time without progress again.
func (x *exchange) progress() { x.clock.progress() }

// transport is the http.RoundTripper beneath client/rpc, which trusts what it talks to: it reads errors to their end,
// wherever that is, and prints what it does not understand. Here an answer is let through only when it is 200, framed,
// of the expected type, and as long as the call allows; everything else becomes an error.
type transport struct {
	base http.RoundTripper
	auth func() string // Authorization header, asked for each request; "": none
}

const maxErrorText = 64 << 10 // bytes read of an answer that is not 200

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("request without an exchange")
	}
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) { serve(got.Conn, x.clock) },
	})) // a new one: a RoundTripper may not change the request it was given
	out.Header = req.Header.Clone()
	out.Header.Set("User-Agent", "roost")
	if auth := t.auth(); auth != "" {
		out.Header.Set("Authorization", auth)
	}
	if req.Body != nil {
		out.Body = &sending{req.Body, x}
		// Without this a refused upload is often seen as a broken connection: the node answers 403 and hangs up while
		// megabytes are still on their way.
		out.Header.Set("Expect", "100-continue")
	}
	resp, err := t.base.RoundTrip(out)
	if err != nil {
		return nil, &wireError{err}
	}
	x.progress()
	if err := check(resp, x); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body = &receiving{resp: resp, body: resp.Body, x: x, left: x.most}
	return resp, nil
}

// check returns an error unless resp begins as an answer of Kubo to the call does.
func check(resp *http.Response, x *exchange) error {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK {
		return refusal(resp, kind)
	}
	switch {
	case err != nil:
		return &wireError{nonsense("answer of unknown type")}
	case x.binary == (kind == "application/json"), kind == "text/html":
		return &wireError{nonsense("answer of type %s", quote(kind))}
	case resp.ContentLength < 0 && resp.ProtoMajor < 2 && !slices.Contains(resp.TransferEncoding, "chunked"):
		return &wireError{nonsense("answer without a length")} // a cut would look like its end
	}
	return nil
}

// refusal reads an answer that is not 200.
func refusal(resp *http.Response, kind string) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorText))
	if err != nil {
		return &wireError{err}
	}
	e := &answerError{status: resp.StatusCode, message: string(text)}
	var body struct{ Message, Type string }
	if kind == "application/json" && json.Unmarshal(text, &body) == nil && body.Type == "error" {
		e.message, e.kubo = body.Message, true
	}
	if kind == "text/html" {
		e.message = "a web page"
	}
	return e
}

// sending is a request body; the transport takes from it what the connection could carry.
type sending struct {
	io.ReadCloser
	x *exchange
}

func (s *sending) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.x.progress()
	return n, err
}

// receiving is the body of an answer. Its errors are wireErrors, or the answerError that Kubo puts behind a stream that
// failed after it began.
type receiving struct {
	resp *http.Response
	body io.ReadCloser
	x    *exchange
	left int64 // bytes until the answer is too long
}

const streamError = "X-Stream-Error" // the trailer

func (r *receiving) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if n > 0 && !r.x.pulse {
		r.x.progress()
	}
	if r.left -= int64(n); r.left < 0 {
		return 0, &wireError{nonsense("answer longer than %d bytes", r.x.most)}
	}
	if err == nil || err == io.EOF && r.resp.Trailer.Get(streamError) == "" {
		return n, err
	}
	if err == io.EOF {
		err = &answerError{message: r.resp.Trailer.Get(streamError), kubo: true}
		r.resp.Trailer.Del(streamError) // client/rpc would replace our error by its own
		return n, err
	}
	return n, &wireError{fmt.Errorf("read answer: %w", err)}
}

func (r *receiving) Close() error { return r.body.Close() }

// begin gives ctx the limits of one call. The returned function ends it.
func begin(ctx context.Context, l limit, x *exchange) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	x.clock = startClock(l, cancel)
	return context.WithValue(ctx, exchangeKey{}, x), func() {
		x.clock.stop()
		cancel(nil)
	}
}
