package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"roost/syncer"
)

// server answers other processes of this person: verbs, a second launch, a window beside a service.
type server struct {
	engine engine
	show   func() // brings the window to the front; nil without one
	log    *slog.Logger

	calls sync.WaitGroup

	mu      sync.Mutex             // guards below
	windows map[chan struct{}]bool // of other processes; each holds one while it should be shown
}

const (
	askPatience  = 5 * time.Second // for a caller to say what it wants
	stopPatience = 2 * time.Second // for calls to end once they were told to
)

// hello is what the server says of itself.
type hello struct {
	Version string
	PID     int
	Window  bool // it has one, or a tray, or another process shows this home beside it
}

// serve answers on l until ctx ends. Then it takes no more calls, tells those under way to stop, and waits for them.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	calls, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	h := &http.Server{
		Handler:           http.HandlerFunc(s.answer),
		ReadHeaderTimeout: askPatience,
		IdleTimeout:       askPatience,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	h.SetKeepAlivesEnabled(false) // a call has a connection of its own
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("answer other processes: %w", err)
	case <-ctx.Done():
	}
	stop()
	patience, done := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer done()
	err := h.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	<-ended
	s.calls.Wait()
	return err
}

// answer is one call.
func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	defer s.calls.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	a := &answering{w: w, flush: http.NewResponseController(w)}
	if err := a.begin(); err != nil {
		s.log.Debug("a call could not be answered", "error", err)
		return
	}
	defer a.end()
	name, known := strings.CutPrefix(r.URL.Path, "/v1/")
	switch {
	case r.Method != http.MethodPost || !known:
		http.Error(w, "This is Roost's control socket.", http.StatusNotFound)
		return
	case r.Header.Get(protocolHeader) != protocol:
		a.last(nil, &wireError{Problem: otherVersion(r.Header.Get(protocolHeader))})
		return
	}
	ask, watched, err := s.request(a, r, cancel)
	if err != nil {
		a.last(nil, newWireError(ctx, usage(nil, "The request could not be read: %v", err)))
		return
	}
	defer watched()
	switch name {
	case "hello":
		s.reply(ctx, a, hello{versionNumber, os.Getpid(), s.hasWindow()}, nil)
	case "show":
		s.reply(ctx, a, s.showWindow(), nil)
	case "attach":
		s.attach(ctx, a)
	case "watch":
		s.stream(ctx, a, s.engine.Watch(ctx))
	default:
		s.call(ctx, a, name, ask)
	}
}

// request reads what is asked. From then on, cancel is called when the caller ends the body or is gone; watched stops
// looking out for that.
func (s *server) request(a *answering, r *http.Request, cancel func()) (ask request, watched func(), err error) {
	if err := newWireReader(r.Body, maxRequest).next(&ask); err != nil {
		return ask, nil, err
	}
	if err := a.flush.SetReadDeadline(time.Time{}); err != nil {
		return ask, nil, err
	}
	if err := a.flush.Flush(); err != nil { // the caller shall know that it is heard, however long the answer takes
		return ask, nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer cancel()
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxRequest)) // how it ends makes no difference
	}()
	return ask, func() { a.end(); <-ended }, nil
}

// call asks the engine, and tells meanwhile how far it is.
func (s *server) call(ctx context.Context, a *answering, name string, ask request) {
	do, known := methods[name]
	if !known {
		a.last(nil, &wireError{Problem: otherVersion(protocol), Detail: "it knows no " + name})
		return
	}
	var report syncer.Report
	newest := make(chan syncer.Progress, 1) // a slow caller skips
	if ask.Report {
		report = func(p syncer.Progress) {
			select {
			case <-newest:
			default:
			}
			select {
			case newest <- p:
			default:
			}
		}
	}
	var result any
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		result, err = do(ctx, s.engine, ask.Args, report)
	}()
	for {
		select {
		case p := <-newest:
			a.send(frame{Progress: &p})
		case <-done:
			s.reply(ctx, a, result, err)
			return
		}
	}
}

// stream sends every value that the caller is quick enough for.
func (s *server) stream(ctx context.Context, a *answering, values iter.Seq2[syncer.Status, error]) {
	for v, err := range values {
		if err == nil {
			var item []byte
			if item, err = encodeWire(v); err == nil {
				a.send(frame{Item: item})
				continue
			}
		}
		s.reply(ctx, a, nil, err)
		return
	}
	s.reply(ctx, a, nil, context.Canceled)
}

func (s *server) hasWindow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.show != nil || len(s.windows) > 0
}

// showWindow brings the window to the front, be it of this process or of another one beside it; false where there is none.
func (s *server) showWindow() bool {
	if s.show != nil {
		s.show()
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.windows {
		select {
		case w <- struct{}{}:
		default: // it is about to be shown
		}
	}
	return len(s.windows) > 0
}

// attach keeps a window of another process, and sends a frame whenever it should be shown.
func (s *server) attach(ctx context.Context, a *answering) {
	w := make(chan struct{}, 1)
	s.mu.Lock()
	if s.windows == nil {
		s.windows = map[chan struct{}]bool{}
	}
	s.windows[w] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.windows, w)
	}()
	for {
		select {
		case <-w:
			a.send(frame{})
		case <-ctx.Done():
			s.reply(ctx, a, nil, ctx.Err())
			return
		}
	}
}

func (s *server) reply(ctx context.Context, a *answering, result any, err error) {
	var raw []byte
	if result != nil {
		var werr error
		if raw, werr = encodeWire(result); err == nil {
			err = werr
		}
	}
	a.last(raw, newWireError(ctx, err))
}

// answering writes the frames of one answer. A caller that is gone is not told, and its call ends by the context.
type answering struct {
	w     io.Writer
	flush *http.ResponseController
}

// begin lets an answer start before the request's body ends, and gives the request a time in which to come.
func (a *answering) begin() error {
	if err := a.flush.EnableFullDuplex(); err != nil {
		return err
	}
	return a.flush.SetReadDeadline(time.Now().Add(askPatience))
}

// end stops whoever waits for more of the body.
func (a *answering) end() {
	_ = a.flush.SetReadDeadline(time.Now()) // fails where the caller is gone, which ends the waiting too
}

func (a *answering) last(result []byte, err *wireError) {
	a.send(frame{Last: true, Result: result, Error: err})
}

func (a *answering) send(f frame) {
	b, err := encodeWire(f)
	if err != nil {
		b = must(encodeWire(frame{Last: true, Error: &wireError{Problem: syncer.Describe(err), Detail: err.Error()}}))
	}
	if _, err := a.w.Write(b); err == nil {
		_ = a.flush.Flush() // see above
	}
}

// otherVersion is said to a caller that speaks another protocol.
func otherVersion(theirs string) syncer.Problem {
	p := syncer.Problem{
		Code: "other_version", Severity: "needs_you", Exit: syncer.ExitBusy, Title: "Another version of Roost is running",
		Text: "The two do not understand each other. Saved files are safe.", Action: "Quit Roost and start it again, after an update too",
	}
	if theirs != protocol && theirs != "" {
		p.Action = "Update Roost, or quit the one that runs and start it again"
	}
	return p
}
