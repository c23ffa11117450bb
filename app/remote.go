package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"roost/syncer"
)

// remote is the door to the engine of another process, through its control socket.
type remote struct {
	http  *http.Client
	hello hello
}

var _ engine = (*remote)(nil)

// headPatience is how long the Roost that runs may take to begin to answer.
const headPatience = 5 * time.Second

// errNoAnswer: the Roost that runs took the call and says nothing.
var errNoAnswer = errors.New("no answer")

// errGone: the connection ended within an answer.
var errGone = errors.New("the Roost that runs went away before it had answered")

// findRunning returns the door to the Roost that runs with this home; nil where none answers. An error is one that answers
// and cannot be talked to.
func findRunning(ctx context.Context, home string) (*remote, error) {
	r := &remote{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := dialSocket(ctx, home)
			if err != nil {
				return nil, err
			}
			asking, _ := ctx.Value(askingKey{}).(*io.PipeWriter)
			return &askedConn{conn, asking}, nil
		},
		DisableKeepAlives:  true,
		DisableCompression: true,
	}}}
	var err error
	r.hello, err = ask[hello](ctx, r, "hello", nil, nil)
	if errors.Is(err, errNobody) {
		return nil, nil
	}
	return r, err
}

// Show brings the window of the Roost that runs to the front; false where it has none.
func (r *remote) Show(ctx context.Context) (bool, error) { return ask[bool](ctx, r, "show", nil, nil) }

// Attach lets show be called when a later launch wants to see this process's window, until ctx or that Roost ends.
func (r *remote) Attach(ctx context.Context, show func()) error {
	last, err := r.call(ctx, "attach", nil, false, func(*frame) error { show(); return nil })
	if err != nil {
		return err
	}
	return last.err(ctx)
}

// ask makes one call. What came with an error is returned too.
func ask[R any](ctx context.Context, r *remote, method string, args any, report syncer.Report) (result R, err error) {
	last, err := r.call(ctx, method, args, report != nil, func(f *frame) error {
		if f.Progress != nil && report != nil {
			report(*f.Progress)
		}
		return nil
	})
	if err != nil {
		return result, err
	}
	if err := decodeWire(last.Result, &result); err != nil {
		return result, broken(err)
	}
	return result, last.err(ctx)
}

// tell makes a call that has no answer but that it was done.
func (r *remote) tell(ctx context.Context, method string, args any) error {
	_, err := ask[struct{}](ctx, r, method, args, nil)
	return err
}

// call sends a request and reads the answer's frames, the last of which it returns. When ctx ends, it tells the engine to
// stop and still waits, for a moment, for what that says: a restore that was stopped has restored something.
func (r *remote) call(ctx context.Context, method string, args any, report bool, each func(*frame) error) (*frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ask := request{Report: report}
	var err error
	if args != nil {
		if ask.Args, err = encodeWire(args); err != nil {
			return nil, err
		}
	}
	message, err := encodeWire(ask)
	if err != nil {
		return nil, err
	}
	whole, drop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer drop(nil)
	body, asking := io.Pipe()
	defer asking.Close()
	go func() { _, _ = asking.Write(message) }() // the answer says what came of it
	whole = context.WithValue(whole, askingKey{}, asking)
	stopping := context.AfterFunc(ctx, func() {
		asking.Close()
		time.AfterFunc(headPatience, func() { drop(ctx.Err()) })
	})
	defer stopping()
	unheard := time.AfterFunc(headPatience, func() { drop(errNoAnswer) })
	defer unheard.Stop()

	req, err := http.NewRequestWithContext(whole, http.MethodPost, "http://roost/v1/"+method, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set(protocolHeader, protocol)
	resp, err := r.http.Do(req)
	if err != nil {
		return nil, unanswered(ctx, whole, err)
	}
	unheard.Stop()
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, broken(fmt.Errorf("%w: %s", errWire, resp.Status))
	}
	var refused error // by each, which is not the other side's fault
	last, err := readAnswer(resp.Body, func(f *frame) error {
		refused = each(f)
		return refused
	})
	if err != nil && refused == nil {
		err = unanswered(ctx, whole, err)
	}
	return last, err
}

// askingKey is the context's key of the request that is kept open on a connection.
type askingKey struct{}

// askedConn ends the request when the other side ends the connection: net/http waits for the request to be read to its end
// before it says so, and this one has no end before the answer.
type askedConn struct {
	net.Conn
	asking *io.PipeWriter // nil: none is known
}

func (c *askedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && c.asking != nil {
		c.asking.CloseWithError(err)
	}
	return n, err
}

// readAnswer returns the last frame of an answer and hands the others to each. Errors: those of each, io.EOF and
// io.ErrUnexpectedEOF for an answer that broke off, errWire.
func readAnswer(r io.Reader, each func(*frame) error) (*frame, error) {
	for in := newWireReader(r, maxFrame); ; {
		var f frame
		if err := in.next(&f); err != nil {
			return nil, err
		}
		if f.Last {
			return &f, nil
		}
		if err := each(&f); err != nil {
			return nil, err
		}
	}
}

// unanswered is the error of a call that has no last frame.
func unanswered(ctx, whole context.Context, err error) error {
	switch {
	case errors.Is(err, errNobody):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errWire):
		return broken(err)
	case errors.Is(err, errOtherPerson):
		return &problemError{cause: err, problem: syncer.Problem{
			Code: "other_person", Severity: "needs_you", Exit: syncer.ExitBusy, Title: "The Roost that runs with this home is somebody else's",
			Text: "It belongs to another account of this computer. Saved files are safe.", Action: "Use the account that it runs in",
		}}
	case isTimeout(err), errors.Is(context.Cause(whole), errNoAnswer):
		return &problemError{cause: err, problem: syncer.Problem{
			Code: "no_answer", Severity: "warning", Exit: syncer.ExitBusy, Title: "Roost is running, but it does not answer",
			Text: "Saved files are safe.", Action: "Wait a moment and try again, or quit Roost and start it again",
		}}
	}
	return &problemError{cause: fmt.Errorf("%w: %w", errGone, err), problem: syncer.Problem{
		Code: "gone", Severity: "warning", Exit: syncer.ExitHome, Title: "The Roost that was running has ended",
		Text: "It ended before it had answered. What the storage has confirmed is kept.", Action: "Run it again",
	}}
}

// broken is the error of an answer that this Roost does not understand.
func broken(err error) error { return &problemError{cause: err, problem: otherVersion("")} }
